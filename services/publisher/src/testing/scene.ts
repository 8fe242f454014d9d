// Publishers on ports that a test owns: in memory, or on a real Redis. The test plays the watcher that leads, the operator
// and the edges.
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import { createMemoryLog } from '@fleetcast/shared/log/memory'
import type { ObjectLog } from '@fleetcast/shared/log/object-log'
import { createRedisLog } from '@fleetcast/shared/log/redis'
import { type KubeObject, objectKey } from '@fleetcast/shared/objects/object'
import { createBullQueue } from '@fleetcast/shared/queue/bullmq'
import type { JobQueue } from '@fleetcast/shared/queue/job-queue'
import { createMemoryQueue } from '@fleetcast/shared/queue/memory'
import { type OpenedRedis, openRedis } from '@fleetcast/shared/redis/open-redis'
import { systemClock } from '@fleetcast/shared/runtime/clock'
import { silentLogger } from '@fleetcast/shared/runtime/logger'
import { createMetrics } from '@fleetcast/shared/runtime/metrics'
import { createMemoryStore } from '@fleetcast/shared/store/memory'
import { createRedisStore } from '@fleetcast/shared/store/redis'
import { isLink, type SetNews, type SetStore } from '@fleetcast/shared/store/set-store'
import { createPublisher, type Publisher, type PublisherOptions } from '../publisher.ts'

export interface Ports {
  readonly log: ObjectLog
  readonly store: SetStore
  readonly queue: JobQueue
}

/** What processes share. Each `open` is what one process has of it. */
export interface Backend {
  open(): Ports
  /** Everything is gone, as after FLUSHALL. */
  lose(): Promise<void>
  close(): Promise<void>
}

export function memoryBackend(): Backend {
  const [log, store, queue] = [createMemoryLog(), createMemoryStore(), createMemoryQueue()]
  return {
    open: () => ({ log, store, queue }),
    lose: async () => {
      log.forget()
      store.forget()
    },
    close: async () => {
      await Promise.all([log.close(), store.close(), queue.close()])
    },
  }
}

let count = 0

export function redisBackend(url: string): Backend {
  const prefix = `publisher${count++}`
  const opened: { redis: OpenedRedis; ports: Ports }[] = []
  const open = (): Ports => {
    const redis = openRedis(url)
    const options = { redis, prefix, compareMs: 200, clock: systemClock, sealKey: Buffer.alloc(32, 7) }
    const ports = { log: createRedisLog(options), store: createRedisStore(options), queue: createBullQueue(options) }
    opened.push({ redis, ports })
    return ports
  }
  return {
    open,
    lose: async () => void (await opened[0]?.redis.commands.call('FLUSHALL')),
    async close() {
      await Promise.all(
        opened.map(async ({ redis, ports: { log, store, queue } }) => {
          await Promise.allSettled([log.close(), store.close(), queue.close()])
          await redis.close()
        }),
      )
    },
  }
}

const types = createEnvoyTypes()

export interface Scene extends AsyncDisposable {
  readonly ports: Ports
  readonly backend: Backend
  publisher(more?: Partial<PublisherOptions>): Publisher
  /** The site's watcher: makes the log hold these, and what it held before, and marks it synced. */
  write(...objects: readonly KubeObject[]): Promise<void>
  remove(...objects: readonly KubeObject[]): Promise<void>
  /** Both in one append. */
  replace(written: readonly KubeObject[], removed: readonly KubeObject[]): Promise<void>
  /** The source has it no more, and nobody was told. */
  forget(object: KubeObject): void
  /** The watcher finds that its log was lost and fills a new one. */
  refill(): Promise<void>
  /** What an edge heard of a set so far. */
  edge(set: string): readonly SetNews[]
  /** Names and, of resources, text of what the set holds now. */
  held(set: string): Promise<Readonly<Record<string, string>>>
  revision(set: string): Promise<number>
}

export async function createScene(backend: Backend, site = 'east'): Promise<Scene> {
  const ports = backend.open()
  const publishers: Publisher[] = []
  const stop = new AbortController()
  const objects = new Map<string, KubeObject>()
  const epoch = await ports.log.elect(site)
  let base = (await ports.log.read(site))!.position
  const append = async (changes: readonly { key: string; object: KubeObject | undefined }[]): Promise<void> => {
    const result = await ports.log.append({ site, epoch, base, changes, synced: true })
    if (result.kind !== 'appended') throw new Error(result.kind)
    base = result.position
  }
  const replace = (written: readonly KubeObject[], removed: readonly KubeObject[]): Promise<void> => {
    for (const object of removed) objects.delete(objectKey(object))
    for (const object of written) objects.set(objectKey(object), object)
    return append([
      ...removed.map((object) => ({ key: objectKey(object), object: undefined })),
      ...written.map((object) => ({ key: objectKey(object), object })),
    ])
  }
  return {
    ports,
    backend,
    publisher(more = {}) {
      const deps = { clock: systemClock, random: Math.random, logger: silentLogger, metrics: createMetrics(), types }
      const made = createPublisher({ ...deps, ...backend.open(), ...more })
      publishers.push(made)
      return made
    },
    write: (...some) => replace(some, []),
    remove: (...some) => replace([], some),
    replace,
    forget: (object) => void objects.delete(objectKey(object)),
    async refill() {
      const renewed = await ports.log.renew(site, epoch)
      if (renewed.kind !== 'appended') throw new Error(renewed.kind)
      base = renewed.position
      await append([...objects].map(([key, object]) => ({ key, object })))
    },
    edge(set) {
      const heard: SetNews[] = []
      ports.store.follow(set, (news) => heard.push(news), { signal: stop.signal })
      return heard
    },
    async held(set) {
      const { entries } = await ports.store.load(set)
      return Object.fromEntries(
        [...entries.values()].map((entry) => [
          `${entry.type.split('.').at(-1)} ${entry.name}`,
          isLink(entry) ? `link ${entry.link}` : Buffer.from(entry.bytes).toString('latin1'),
        ]),
      )
    },
    revision: async (set) => (await ports.store.heads([set])).get(set)?.revision ?? 0,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await Promise.all(publishers.map((publisher) => publisher.close()))
      await backend.close()
    },
  }
}
