// The job queue of one process. A wake of a set that waits is merged into its job; nothing is kept beside the sets that
// ring. Jobs start in the same turn of the event loop as the wake, where a worker is free.
import { createBackoff } from '../runtime/backoff.ts'
import { type Clock, type Random, systemClock } from '../runtime/clock.ts'
import { mergePositions } from '../store/positions.ts'
import type { Positions, SetName } from '../store/set-store.ts'
import type { Job, JobQueue } from './job-queue.ts'

export interface MemoryQueueOptions {
  readonly clock?: Clock
  readonly random?: Random
  /** Jobs that one `work` runs at a time. */
  readonly concurrency?: number
}

export function createMemoryQueue(options: MemoryQueueOptions = {}): JobQueue {
  const { clock = systemClock, random = Math.random, concurrency = 4 } = options
  const waiting = new Map<SetName, Positions>()
  const running = new Set<SetName>()
  /** Sets whose last run failed, with the delay before the next one. */
  const failing = new Map<SetName, ReturnType<typeof createBackoff>>()
  const resting = new Set<SetName>()
  const workers = new Set<() => void>()
  const closing = new AbortController()

  const merge = (set: SetName, positions: Positions): void => {
    waiting.set(set, mergePositions(waiting.get(set) ?? {}, positions))
  }
  const startAll = (): void => {
    for (const start of workers) start()
  }
  const takeJob = (): Job | undefined => {
    for (const [set, positions] of waiting) {
      if (running.has(set) || resting.has(set)) continue
      waiting.delete(set)
      running.add(set)
      return { set, positions }
    }
    return undefined
  }
  const runAgain = (job: Job): void => {
    const earlier = waiting.get(job.set) ?? {}
    waiting.set(job.set, mergePositions(job.positions, earlier))
    const backoff = failing.get(job.set) ?? createBackoff({ minMs: 50, maxMs: 5_000, random })
    failing.set(job.set, backoff)
    resting.add(job.set)
    clock.after(backoff.next(), () => {
      resting.delete(job.set)
      startAll()
    })
  }
  const run = async (job: Job, handle: (job: Job) => Promise<void>): Promise<void> => {
    try {
      await handle(job)
      failing.delete(job.set)
    } catch {
      runAgain(job)
    } finally {
      running.delete(job.set)
    }
  }

  return {
    async wake(set, positions) {
      merge(set, positions)
      queueMicrotask(startAll)
    },
    async work(handle, signal) {
      const until = AbortSignal.any([signal, closing.signal])
      const jobs = new Set<Promise<void>>()
      const start = (): void => {
        while (jobs.size < concurrency && !until.aborted) {
          const job = takeJob()
          if (job === undefined) return
          const done = run(job, handle).then(() => {
            jobs.delete(done)
            startAll()
          })
          jobs.add(done)
        }
      }
      workers.add(start)
      start()
      await new Promise<void>((resolve) => {
        if (until.aborted) resolve()
        else until.addEventListener('abort', () => resolve(), { once: true })
      })
      workers.delete(start)
      await Promise.all(jobs)
    },
    async idle() {
      return waiting.size === 0 && running.size === 0
    },
    async close() {
      closing.abort()
    },
  }
}
