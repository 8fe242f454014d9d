// For tests: an edge over the memory store with one fleet, on real sockets.

import { resource } from '@fleetcast/shared/resources/resource'
import { CLUSTER, ENDPOINTS, LISTENER } from '@fleetcast/shared/resources/types'
import { systemClock } from '@fleetcast/shared/runtime/clock'
import { silentLogger } from '@fleetcast/shared/runtime/logger'
import { createMetrics } from '@fleetcast/shared/runtime/metrics'
import { DIRECTORY, fleetEntry, fleetSet } from '@fleetcast/shared/store/directory'
import { createMemoryStore, type MemoryStore } from '@fleetcast/shared/store/memory'
import type { Entry, SetStore } from '@fleetcast/shared/store/set-store'
import { afterEach } from 'vitest'
import { createEdge, type Edge, type EdgeOptions } from '../edge.ts'
import { type Client, connectTo } from '../transport/testing/client.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})
/** Run after the test, in order. */
export const afterTest = (close: () => unknown): void => void closers.push(close)

export interface Running {
  readonly store: MemoryStore
  readonly edge: Edge
  readonly client: () => Client
  put(set: string, entries: readonly Entry[], remove?: readonly string[]): Promise<void>
}

export interface StartOptions {
  /** Of the fleet `web`, the only one. */
  readonly fleet?: Partial<Parameters<typeof fleetEntry>[0]>
  readonly entries?: readonly Entry[]
  readonly edge?: Partial<EdgeOptions>
  /** What the edge takes for the store: for one that answers late or not at all. */
  readonly storeOf?: (store: MemoryStore) => SetStore
}

export async function startEdge({
  fleet = {},
  entries = usual(),
  edge: options = {},
  storeOf = (store) => store,
}: StartOptions = {}): Promise<Running> {
  const store = createMemoryStore()
  const generation = await store.createGeneration()
  const revisions = new Map<string, number>()
  const put: Running['put'] = async (set, put, remove = []) => {
    const base = revisions.get(set) ?? 0
    const result = await store.commit({ set, generation: generation.id, base, positions: {}, change: { put, remove } })
    if (result.kind !== 'committed') throw new Error(`${set}: ${result.kind}`)
    revisions.set(set, result.head.revision)
  }
  await put(DIRECTORY, [fleetEntry({ name: 'web', views: [], retired: false, removeAfterMs: 5000, ...fleet })])
  await put(fleetSet('web'), entries)
  await store.seal(generation.id)
  const edge = createEdge({
    store: storeOf(store),
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
    metrics: createMetrics(),
    name: 'edge-1',
    listen: { host: '127.0.0.1', port: 0 },
    ...options,
  })
  await edge.start()
  await edge.ready()
  afterTest(() => edge.stop())
  const client = (): Client => {
    const made = connectTo(edge.addresses().grpc?.port ?? 0)
    afterTest(() => made.close())
    return made
  }
  return { store, edge, client, put }
}

export const entryOf = (type: string, name: string, text: string, endpointsName?: string): Entry =>
  resource({ type, name, bytes: Buffer.from(text), endpointsName })
export const cluster = (name: string, text = name): Entry => entryOf(CLUSTER, name, `cluster ${text}`, name)
export const endpoints = (name: string, n: number): Entry => entryOf(ENDPOINTS, name, `endpoints ${name} ${n}`)
export const listener = (name: string): Entry => entryOf(LISTENER, name, `listener ${name}`)
export const node = { id: 'n1', cluster: 'web' }

const usual = (): Entry[] => [cluster('a'), cluster('b'), endpoints('a', 1), endpoints('b', 1), listener('l')]
