// A stream in step with its set holds nothing per resource, and equal subscriptions are one. Counts entries, which is exact;
// `npm run bench -- bytes` measures bytes.
import { resource } from '@fleetcast/shared/resources/resource'
import { CLUSTER, ENDPOINTS, LISTENER } from '@fleetcast/shared/resources/types'
import { describe, expect, it } from 'vitest'
import { createFleetHistory, type FleetHistory } from '../sets/fleet-history.ts'
import { createSubscriptions, type Subscriptions } from '../sets/subscription.ts'
import type { Request, Variant } from './messages.ts'
import { createStream, type Stream } from './stream.ts'

const namesOf = (count: number): string[] => Array.from({ length: count }, (_, i) => `c${i}`)
const made = (type: string, name: string, text: string) =>
  resource({ type, name, bytes: Buffer.from(text), endpointsName: type === CLUSTER ? name : undefined })

function historyOf(count: number): FleetHistory {
  const history = createFleetHistory({ fleet: 'test', id: 0 })
  const put = namesOf(count).flatMap((name) => [made(CLUSTER, name, name), made(ENDPOINTS, name, name)])
  history.apply({ put: [...put, made(LISTENER, 'l', 'l')], remove: [] })
  return history
}

const request = (variant: Variant, type: string, nonce: string, names: readonly string[]): Request =>
  variant === 'sotw'
    ? { variant, type, nonce, versionInfo: '', names }
    : { variant, type, nonce, subscribe: nonce === '' ? names : [], unsubscribe: [], initialVersions: undefined }

/** A client of all clusters, endpoints by name if there are names, and all listeners, that takes whatever comes. */
function connect(
  variant: Variant,
  history: FleetHistory,
  subscriptions: Subscriptions,
  names?: readonly string[],
): Stream {
  const asked = new Map<string, readonly string[]>([
    [CLUSTER, []],
    ...(names ? [[ENDPOINTS, names] as const] : []),
    [LISTENER, []],
  ])
  const stream: Stream = createStream({
    variant,
    aggregated: true,
    subscriptions,
    effects: {
      send: ({ type, nonce }) => stream.receive(request(variant, type, nonce, asked.get(type) ?? [])),
      acked: () => undefined,
      rejected: () => undefined,
      close: () => undefined,
      wait: () => undefined,
    },
  })
  stream.attach(history)
  for (const [type, names] of asked) stream.receive(request(variant, type, '', names))
  return stream
}

/** Entries of all collections that are reached from the stream, without what streams share. */
function entriesHeldBy(stream: Stream, shared: ReadonlySet<unknown>): number {
  const seen = new Set<unknown>(shared)
  const open: unknown[] = [stream.state]
  let count = 0
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (typeof one !== 'object' || one === null || seen.has(one)) continue
    seen.add(one)
    const isCollection = Array.isArray(one) || one instanceof Set || one instanceof Map
    const within =
      one instanceof Map ? [...one].flat() : isCollection ? [...(one as Iterable<unknown>)] : Object.values(one)
    if (isCollection) count += within.length
    // Values that are nothing end no walk.
    open.push(...within.filter((value) => value !== undefined))
  }
  return count
}

const sharedBy = (history: FleetHistory, subscriptions: Subscriptions): Set<unknown> => {
  const types = [CLUSTER, ENDPOINTS, LISTENER].map((type) => history.type(type))
  const groups = types.flatMap((type) => [...type.groups()])
  return new Set<unknown>([history, subscriptions, ...types, ...groups, ...groups.map((group) => group.subscription)])
}

describe.each(['sotw', 'delta'] as const)('a stream in step, %s', (variant) => {
  it('design rule 7: holds as much at 10 as at 1,000 and 10,000 clusters: its lanes', () => {
    const held = [10, 1_000, 10_000].map((count) => {
      const history = historyOf(count)
      const subscriptions = createSubscriptions()
      const stream = connect(variant, history, subscriptions, namesOf(count))
      // Through a change, too.
      history.apply({ put: [made(CLUSTER, 'c0', 'new'), made(ENDPOINTS, 'c1', 'new')], remove: [] })
      return entriesHeldBy(stream, sharedBy(history, subscriptions))
    })
    expect(held).toEqual([3, 3, 3])
  })

  it('equal subscriptions are one, whoever asked and in whatever order', () => {
    const history = historyOf(1_000)
    const subscriptions = createSubscriptions()
    const streams = Array.from({ length: 50 }, () => connect(variant, history, subscriptions, namesOf(1_000)))
    const subscribed = streams.map(({ state }) => state.lanes.map((lane) => lane.subscription))
    expect(new Set(subscribed.flat()).size).toBe(2)
    expect([...history.type(ENDPOINTS).groups()]).toHaveLength(1)
    expect(subscriptions.size).toBe(2)
    for (const stream of streams) stream.close()
    expect(subscriptions.size).toBe(0)
  })

  it('clusters alone: nothing is kept of them either, while nobody has asked for endpoints', () => {
    const held = [1_000, 10_000].map((count) => {
      const history = historyOf(count)
      const subscriptions = createSubscriptions()
      const stream = connect(variant, history, subscriptions)
      return entriesHeldBy(stream, sharedBy(history, subscriptions))
    })
    expect(held).toEqual([2, 2])
  })
})
