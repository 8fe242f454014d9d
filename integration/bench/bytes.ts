// What a stream in step with its fleet costs in memory, by the number of clusters: many streams of the protocol in one
// process, without sockets, each with its own copy of what it asks for. Prints bytes a stream; nothing is judged.
import { resource } from '@fleetcast/shared/resources/resource'
import { CLUSTER, ENDPOINTS, LISTENER, ROUTES } from '@fleetcast/shared/resources/types'
import type { Request, Variant } from '@fleetcast/xds-edge/protocol/messages'
import { createStream, type Stream } from '@fleetcast/xds-edge/protocol/stream'
import { createFleetHistory, type FleetHistory } from '@fleetcast/xds-edge/sets/fleet-history'
import { createSubscriptions, type Subscriptions } from '@fleetcast/xds-edge/sets/subscription'
import { collectGarbage } from './collect-garbage.ts'

const SIZES = [10, 1_000, 10_000]
const STREAMS = 1_000

export function bytes(say: (text: string) => void): void {
  for (const variant of ['sotw', 'delta'] as const) {
    // The first run warms the code up.
    bytesPerStream(variant, SIZES[0] ?? 0)
    const figures = SIZES.map((clusters) => bytesPerStream(variant, clusters))
    const sizes = SIZES.map((size) => size.toLocaleString('en')).join(', ')
    say(
      `bytes per stream at ${sizes} clusters: ${figures.map((n) => n.toLocaleString('en')).join(', ')} (${variant} ADS, ${STREAMS} streams)`,
    )
  }
}

function bytesPerStream(variant: Variant, clusters: number): number {
  const names = Array.from({ length: clusters }, (_, i) => `shop/service-${i}/http`)
  const history = historyOf(names)
  const subscriptions = createSubscriptions()
  const streams = [connect(variant, history, subscriptions, names)]
  const before = heldBytes()
  for (let i = 0; i < STREAMS; i++) streams.push(connect(variant, history, subscriptions, names))
  const after = heldBytes()
  for (const stream of streams) stream.close()
  return Math.round((after - before) / STREAMS)
}

function heldBytes(): number {
  collectGarbage()
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function historyOf(names: readonly string[]): FleetHistory {
  const history = createFleetHistory({ fleet: 'bench', id: 0 })
  const made = (type: string, name: string) =>
    resource({ type, name, bytes: Buffer.from(name), endpointsName: type === CLUSTER ? name : undefined })
  const put = names.flatMap((name) => [made(CLUSTER, name), made(ENDPOINTS, name)])
  history.apply({ put: [...put, made(LISTENER, 'web'), made(ROUTES, 'web')], remove: [] })
  return history
}

/** A client that asks for what an Envoy asks for and takes whatever comes. */
function connect(
  variant: Variant,
  history: FleetHistory,
  subscriptions: Subscriptions,
  names: readonly string[],
): Stream {
  const namesOf = (type: string): readonly string[] =>
    type === ENDPOINTS ? [...names] : type === ROUTES ? ['web'] : []
  const request = (type: string, nonce: string): Request =>
    variant === 'sotw'
      ? { variant, type, nonce, versionInfo: '', names: namesOf(type) }
      : {
          variant,
          type,
          nonce,
          subscribe: nonce === '' ? namesOf(type) : [],
          unsubscribe: [],
          initialVersions: undefined,
        }
  const stream: Stream = createStream({
    variant,
    aggregated: true,
    subscriptions,
    effects: {
      send: ({ type, nonce }) => stream.receive(request(type, nonce)),
      acked: () => undefined,
      rejected: () => undefined,
      close: () => undefined,
      wait: () => undefined,
    },
  })
  stream.attach(history)
  for (const type of [CLUSTER, ENDPOINTS, LISTENER, ROUTES]) stream.receive(request(type, ''))
  return stream
}
