// When marked endpoints arrive at somebody who waits for them. Each observer has a thread of its own: neither waits while the
// other, or who makes the changes, is at work.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Arrival, Observed } from './arrivals-thread.ts'

export interface Arrivals {
  /** By marker address (10.25x.y.z): `monotonicMs()` when it arrived first. */
  readonly seen: ReadonlyMap<string, number>
  stop(): Promise<void>
}

const PROGRAM = new URL('arrivals-thread.ts', import.meta.url)

/** Resolves once the observer has what there was before. */
export async function observe(observed: Observed): Promise<Arrivals> {
  const seen = new Map<string, number>()
  const thread = new Worker(PROGRAM, { workerData: observed })
  const began = once(thread, 'message')
  thread.on('message', (arrivals: readonly Arrival[]) => {
    for (const [marker, atMs] of arrivals) if (!seen.has(marker)) seen.set(marker, atMs)
  })
  await began
  return { seen, stop: async () => void (await thread.terminate()) }
}
