// Raw clients that watch for what must never happen: something that an Envoy has is taken away, though nobody removed it.

import { createXdsClient, type XdsClient } from './xds-client.ts'
import { endpointsOf, TYPES } from './xds-content.ts'

export interface Witness extends Disposable {
  readonly client: XdsClient
  /** What was taken away so far, in short. Removals that a test makes itself are in it too. */
  losses(): readonly string[]
  /** Resolves once the endpoints of a cluster hold all of these. */
  sees(cluster: string, addresses: readonly string[], timeoutMs?: number): Promise<void>
  addressesOf(cluster: string): readonly string[]
}

export function createWitness(server: string, variant: 'sotw' | 'delta', cluster: string): Witness {
  const client = createXdsClient({ server, variant, node: { id: `witness-${variant}`, cluster } })
  const addressesOf = (name: string): string[] => {
    const held = client.held(TYPES.endpoints).get(name)
    return held ? endpointsOf(held.bytes).map(({ address }) => address.replace(/:\d+$/, '')) : []
  }
  return {
    client,
    addressesOf,
    losses: () => lossesOf(client, variant),
    sees: (name, addresses, timeoutMs) =>
      client.until(
        `${name} with ${addresses.join()}`,
        () => addresses.every((address) => addressesOf(name).includes(address)),
        timeoutMs,
      ),
    [Symbol.dispose]: client.close,
  }
}

/** Goes through all responses in order: removed names, names missing from a full state, endpoints that went. */
function lossesOf(client: XdsClient, variant: 'sotw' | 'delta'): string[] {
  const losses: string[] = []
  const names = new Map<string, Set<string>>()
  const endpoints = new Map<string, Set<string>>()
  for (const { type, removed, resources } of client.arrivals) {
    losses.push(...removed.map((name) => `${type}: ${name} removed`))
    const now = new Set(resources.map(({ name }) => name))
    if (variant === 'sotw' && (type === TYPES.cluster || type === TYPES.listener)) {
      const gone = (names.get(type) ?? new Set()).difference(now)
      losses.push(...[...gone].map((name) => `${type}: ${name} absent`))
      names.set(type, now)
    }
    if (type !== TYPES.endpoints) continue
    for (const { name, bytes } of resources) {
      const addresses = new Set(endpointsOf(bytes).map(({ address }) => address))
      const gone = (endpoints.get(name) ?? new Set()).difference(addresses)
      losses.push(...[...gone].map((address) => `${name}: ${address} gone`))
      endpoints.set(name, addresses)
    }
  }
  return losses
}
