// The job queue over Redis, on BullMQ. A job is a doorbell: it carries nothing; the positions of all wakes merged into it
// stand beside it, written before it rings. Never two jobs of one set wait, and one that runs is followed by at most one.
import { Queue, Worker } from 'bullmq'
import { z } from 'zod'
import type { OpenedRedis } from '../redis/open-redis.ts'
import { createConnection } from '../redis/redis-connection.ts'
import type { RedisScript } from '../redis/redis-link.ts'
import { type Clock, pause, systemClock } from '../runtime/clock.ts'
import { type Logger, silentLogger } from '../runtime/logger.ts'
import type { Positions, SetName } from '../store/set-store.ts'
import type { Job, JobQueue } from './job-queue.ts'

export interface BullQueueOptions {
  /** Shared with the other adapters; it is not closed with the queue. */
  readonly redis: OpenedRedis
  /** Starts every key. */
  readonly prefix?: string
  readonly logger?: Logger
  /** Jobs that one `work` runs at a time. */
  readonly concurrency?: number
  readonly clock?: Clock
}

const QUEUE = 'sets'
const LOCK_MS = 3_000
const STALLED_MS = 2_000
/** A job of a worker that died is run again however often that happens. */
const STALLED_MAX = 1_000_000
const ENDED = 'the work was ended'
const CLOSE_MS = 1_000
const RUN_RETRY_MS = 500
/** Of the library's own stream of events, which nobody here reads. */
const EVENTS_KEPT = 100
const RETRY_MIN_MS = 100
const RETRY_MAX_MS = 5_000

/**
 * Keeps the larger of two positions at each site, of two generations the later wake's.
 * Keys: positions of all sets (hash). ARGV: set, positions.
 */
const MERGE: RedisScript = {
  name: 'merge',
  lua: `
local isRead, merged = pcall(cjson.decode, redis.call('HGET', KEYS[1], ARGV[1]) or '{}')
-- Garbage says nothing of what was seen: the wakes to come do.
if not isRead or type(merged) ~= 'table' then merged = {} end
for site, at in pairs(cjson.decode(ARGV[2])) do
  local known = merged[site]
  if type(known) ~= 'table' or type(known.n) ~= 'number' or known.generation ~= at.generation or known.n < at.n then merged[site] = at end
end
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(merged))
return 1
`,
}

const positionsForm = z.record(z.string(), z.object({ generation: z.string(), n: z.number() }))

export function createBullQueue(options: BullQueueOptions): JobQueue {
  const { redis, prefix = 'fleetcast', logger = silentLogger, concurrency = 4, clock = systemClock } = options
  // Braces: all keys of the queue in one slot of a cluster.
  const keyPrefix = `${prefix}:{jobs}`
  const positionsKey = `${keyPrefix}:positions`
  const connection = redis.client('blocking')
  const commands = createConnection(connection)
  const queue = new Queue(QUEUE, {
    connection,
    prefix: keyPrefix,
    streams: { events: { maxLen: EVENTS_KEPT } },
    defaultJobOptions: {
      removeOnComplete: true,
      removeOnFail: true,
      attempts: Number.MAX_SAFE_INTEGER,
      backoff: { type: 'custom' },
    },
  })
  queue.on('error', (error) => logger.debug({ error: error.message }, 'the job queue lost its connection'))
  const closing = new AbortController()

  const positionsOf = async (set: SetName): Promise<Positions> => {
    const text = await commands.call('HGET', positionsKey, set)
    const parsed = positionsForm.safeParse(typeof text === 'string' ? readJson(text) : {})
    if (parsed.success) return parsed.data
    logger.warn({ set, key: positionsKey }, 'the positions of a job are not what Fleetcast writes')
    return {}
  }

  return {
    async wake(set, positions) {
      // Written in this order on one connection, and so done in this order, without waiting in between. The script goes
      // as its text: a server that did not know it by its hash would do it after the job rang.
      const merged = commands.call('EVAL', MERGE.lua, 1, positionsKey, set, JSON.stringify(positions))
      await Promise.all([merged, queue.add('set', { set }, { deduplication: { id: set, keepLastIfActive: true } })])
    },
    async work(handle, signal) {
      const until = AbortSignal.any([signal, closing.signal])
      if (until.aborted) return
      const running = new Set<Promise<void>>()
      const run = async (set: SetName): Promise<void> => {
        // Fetched while the work was being ended: failing it leaves it to others.
        if (until.aborted) throw new Error(ENDED)
        const job: Job = { set, positions: await positionsOf(set) }
        const done = handle(job)
        running.add(done)
        await done.finally(() => running.delete(done))
      }
      const worker = new Worker<{ set: SetName }>(QUEUE, ({ data }) => run(data.set), {
        connection,
        prefix: keyPrefix,
        concurrency,
        lockDuration: LOCK_MS,
        stalledInterval: STALLED_MS,
        maxStalledCount: STALLED_MAX,
        drainDelay: 5,
        // After an outage it would wait 15 s.
        runRetryDelay: RUN_RETRY_MS,
        settings: { backoffStrategy: (attempts) => Math.min(RETRY_MIN_MS * 2 ** Math.min(attempts, 20), RETRY_MAX_MS) },
      })
      worker.on('error', (error) => logger.debug({ error: error.message }, 'a worker lost its connection'))
      worker.on('failed', (job, { message }) => {
        if (message !== ENDED) logger.warn({ set: job?.data.set, error: message }, 'a job failed')
      })
      await new Promise<void>((resolve) => {
        until.addEventListener('abort', () => resolve(), { once: true })
      })
      // The library waits for its connections for ever where Redis is away or a cluster is being connected: what is
      // waited for is that the running jobs are done, and a moment for saying so.
      const settled = Promise.allSettled(running).then(() => pause(clock, CLOSE_MS))
      await Promise.race([worker.close(), settled])
    },
    async idle() {
      const counts = await queue.getJobCounts('wait', 'active', 'delayed', 'prioritized')
      return Object.values(counts).every((count) => count === 0)
    },
    async close() {
      closing.abort()
      await Promise.race([queue.close(), pause(clock, CLOSE_MS)])
      connection.disconnect()
    },
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
