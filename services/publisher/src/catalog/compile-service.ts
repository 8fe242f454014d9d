// One Service with its slices and nodes → one service of the catalog. Pure: equal objects give an equal result, whatever
// the order in which they came. Nothing of Envoy belongs here.
import { isIP } from 'node:net'
import type { CatalogEndpoint, CatalogPort, CatalogService, EndpointState } from '@fleetcast/shared/catalog/catalog'
import {
  type NodeObject,
  objectKey,
  type ServiceObject,
  type ServicePort,
  type SliceEndpoint,
  type SliceObject,
  type SlicePort,
} from '@fleetcast/shared/objects/object'
import type { Checked, Problem } from '@fleetcast/shared/objects/problem'

export interface ServiceInput {
  readonly site: string
  readonly service: ServiceObject
  /** All slices of the Service; `Endpoints` objects count only where there is no EndpointSlice. */
  readonly slices: Iterable<SliceObject>
  node(name: string): NodeObject | undefined
}

type Family = 'IPv4' | 'IPv6'
interface Found {
  readonly endpoint: CatalogEndpoint
  readonly family: Family
  /** What pairs the families; absent where the slice does not say. */
  readonly target?: string
}

export function compileService(input: ServiceInput): Checked<CatalogService> {
  const { site, service } = input
  const problems: Problem[] = []
  const slices = usedSlices(input.slices)
  for (const slice of slices) problems.push(...sliceProblems(site, slice))
  const ports = service.ports.map((port): CatalogPort => {
    const found = slices.flatMap((slice) => endpointsOf(slice, port, service.ports.length === 1, input))
    return {
      ...(port.name === undefined ? {} : { name: port.name }),
      port: port.port,
      ...(port.targetPort === undefined || port.targetPort === port.port ? {} : { targetPort: port.targetPort }),
      protocol: port.protocol,
      ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
      endpoints: pairFamilies(mergeEqual(found), service.ipFamilies[0]),
    }
  })
  return { value: { site, namespace: service.namespace, name: service.name, ports }, problems }
}

function usedSlices(all: Iterable<SliceObject>): readonly SliceObject[] {
  const slices = [...all]
  const real = slices.filter(({ kind }) => kind === 'EndpointSlice')
  return real.length > 0 ? real : slices
}

/** Names only EDS can't serve: a slice of host names, and what is no address at all (Envoy refuses the whole assignment). */
function sliceProblems(site: string, slice: SliceObject): readonly Problem[] {
  const place = { site, object: objectKey(slice) }
  if (slice.addressType === 'FQDN') {
    const message = 'its addresses are host names, which endpoint discovery can not carry: it is passed over'
    return [{ severity: 'warning', code: 'endpoint', message, place }]
  }
  const wrong = slice.endpoints.flatMap(({ addresses }) => addresses.filter((address) => isIP(address) === 0))
  return wrong.map((address) => ({
    severity: 'error' as const,
    code: 'endpoint',
    message: `${JSON.stringify(address)} is no IP address: it is passed over`,
    place,
  }))
}

function endpointsOf(slice: SliceObject, port: ServicePort, isOnly: boolean, input: ServiceInput): readonly Found[] {
  if (slice.addressType === 'FQDN') return []
  const match = slice.ports.find((candidate) => isSamePort(candidate, port, isOnly && slice.ports.length === 1))
  if (match?.port === undefined) return []
  const { port: number } = match
  return slice.endpoints.flatMap((endpoint) =>
    endpoint.addresses.flatMap((address) => {
      const version = isIP(address)
      if (version === 0) return []
      return [{ ...found(endpoint, address, number, input), family: version === 6 ? 'IPv6' : 'IPv4' } as Found]
    }),
  )
}

/** A slice names its ports as the Service does: that resolves named target ports, pod by pod. */
export function isSamePort(slicePort: SlicePort, port: ServicePort, bothAreOnly: boolean): boolean {
  if (slicePort.protocol !== port.protocol) return false
  if ((slicePort.name ?? '') === (port.name ?? '')) return true
  return bothAreOnly && (!slicePort.name || !port.name)
}

function found(from: SliceEndpoint, address: string, port: number, { node }: ServiceInput): Omit<Found, 'family'> {
  const labels = from.nodeName === undefined ? undefined : node(from.nodeName)?.labels
  const endpoint: CatalogEndpoint = {
    address,
    additional: [],
    port,
    state: stateOf(from),
    ...(from.zone === undefined ? {} : { zone: from.zone }),
    ...(from.nodeName === undefined ? {} : { node: from.nodeName }),
    ...(labels === undefined ? {} : { nodeLabels: labels }),
    ...(from.hostname === undefined ? {} : { hostname: from.hostname }),
  }
  return { endpoint, ...(from.target === undefined ? {} : { target: from.target }) }
}

/** A pod that ends but still serves is drained, also where its Service publishes addresses that are not ready. */
function stateOf({ ready, serving, terminating }: SliceEndpoint): EndpointState {
  if (terminating) return serving || ready ? 'terminating' : 'notReady'
  return ready ? 'ready' : 'notReady'
}

const RANK: Readonly<Record<EndpointState, number>> = { ready: 0, terminating: 1, notReady: 2 }

/** One address in two slices: ready beats terminating beats not ready. */
function mergeEqual(all: readonly Found[]): readonly Found[] {
  const best = new Map<string, Found>()
  for (const each of all) {
    const key = `${each.endpoint.address} ${each.endpoint.port}`
    const held = best.get(key)
    if (!held || RANK[each.endpoint.state] < RANK[held.endpoint.state]) best.set(key, each)
  }
  return [...best.values()]
}

/** The Service's first family is the address; the other, of the same target and port, becomes additional. */
function pairFamilies(all: readonly Found[], first: Family | undefined): readonly CatalogEndpoint[] {
  const primary = first ?? (all.some(({ family }) => family === 'IPv4') ? 'IPv4' : 'IPv6')
  const others = all.filter(({ family }) => family !== primary)
  const own = all.filter(({ family }) => family === primary)
  if (others.length === 0) return own.map(({ endpoint }) => endpoint).sort(byAddress)
  const byTarget = Map.groupBy(others, pairKey)
  const paired = own.map((each) => {
    const partners = each.target === undefined ? undefined : byTarget.get(pairKey(each))
    if (!partners) return each.endpoint
    byTarget.delete(pairKey(each))
    return { ...each.endpoint, additional: partners.map(({ endpoint }) => endpoint.address).sort() }
  })
  // Without a target an address of the other family can't be told from a second way to the same pod: it would count twice.
  const alone = [...byTarget.values()].flat().filter(({ target }) => target !== undefined || own.length === 0)
  return [...paired, ...alone.map(({ endpoint }) => endpoint)].sort(byAddress)
}

const pairKey = ({ target, endpoint }: Found): string => `${target ?? ''} ${endpoint.port}`

function byAddress(a: CatalogEndpoint, b: CatalogEndpoint): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1
  return a.port - b.port
}
