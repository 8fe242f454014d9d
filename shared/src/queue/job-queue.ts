// The job queue: doorbells for sets that need compiling. A job carries no payload that can go stale: the worker reads the
// present state. The doc comments are the contract; job-queue.contract.ts tests each on every adapter.
import type { Positions, SetName } from '../store/set-store.ts'

export interface Job {
  readonly set: SetName
  /** Log positions that the worker must have seen before it compiles: the largest of all wakes merged into this job. */
  readonly positions: Positions
}

export interface JobQueue {
  /**
   * Rings for a set. Wakes of a set whose job waits are merged into it; a wake while its job runs makes it run once more.
   * Resolves once the wake can't be lost by this process's death.
   */
  wake(set: SetName, positions: Positions): Promise<void>

  /**
   * Runs `handle` for each job, never two of one set at a time within this queue object. A handler that throws, or whose process dies, has its job
   * run again (by any worker, within 10 s). Until the signal aborts; resolves when the running jobs are done.
   */
  work(handle: (job: Job) => Promise<void>, signal: AbortSignal): Promise<void>

  /** True when no job waits or runs, anywhere. For `--drain` and tests. */
  idle(): Promise<boolean>

  close(): Promise<void>
}
