// The promises of job-queue.ts, as tests. memory.test.ts and bullmq.test.ts both call this.
import { afterEach, expect, it, vi } from 'vitest'
import type { Positions } from '../store/set-store.ts'
import type { Job, JobQueue } from './job-queue.ts'

export interface QueueFixture {
  readonly queue: JobQueue
  /** Another process's handle on the same queue. */
  readonly other: JobQueue
}

const TIMEOUT = { timeout: 12_000, interval: 5 }
const at = (n: number): Positions => ({ east: { generation: 'g', n } })

/** A handler that holds each job until it is told to go on. */
function gate() {
  const jobs: Job[] = []
  const waiting: (() => void)[] = []
  const open = (): void => waiting.shift()?.()
  const handle = (job: Job): Promise<void> => {
    jobs.push(job)
    return new Promise((resolve) => waiting.push(resolve))
  }
  return { jobs, open, handle }
}

export function queueContract(start: () => Promise<QueueFixture>): void {
  let stop = new AbortController()
  afterEach(() => {
    stop.abort()
    stop = new AbortController()
  })

  it('runs a job with the positions of its wake', async () => {
    const { queue, other } = await start()
    const jobs: Job[] = []
    await other.wake('early', at(1))
    void queue.work(async (job) => void jobs.push(job), stop.signal)
    await vi.waitFor(() => expect(jobs).toEqual([{ set: 'early', positions: at(1) }]), TIMEOUT)
    await other.wake('fleet/late', at(2))
    await vi.waitFor(() => expect(jobs[1]).toEqual({ set: 'fleet/late', positions: at(2) }), TIMEOUT)
    await vi.waitFor(async () => expect(await other.idle()).toBe(true), TIMEOUT)
  })
  it('merges the wakes of a set that waits, and keeps the largest positions', async () => {
    const { queue, other } = await start()
    await queue.wake('a', at(1))
    await other.wake('a', { ...at(3), west: { generation: 'w', n: 1 } })
    await queue.wake('a', at(2))
    expect(await other.idle()).toBe(false)
    const jobs: Job[] = []
    void queue.work(async (job) => void jobs.push(job), stop.signal)
    await vi.waitFor(async () => expect([jobs.length > 0, await queue.idle()]).toEqual([true, true]), TIMEOUT)
    expect(jobs).toEqual([{ set: 'a', positions: { ...at(3), west: { generation: 'w', n: 1 } } }])
  })
  it('runs a set once more after wakes during its job, never twice at a time', async () => {
    const { queue, other } = await start()
    const { jobs, open, handle } = gate()
    void queue.work(handle, stop.signal)
    await queue.wake('a', at(1))
    await vi.waitFor(() => expect(jobs).toHaveLength(1), TIMEOUT)
    for (const n of [2, 3, 4]) await other.wake('a', at(n))
    await queue.wake('b', at(1))
    await vi.waitFor(() => expect(jobs.map(({ set }) => set)).toEqual(['a', 'b']), TIMEOUT)
    open()
    open()
    await vi.waitFor(() => expect(jobs).toHaveLength(3), TIMEOUT)
    expect(jobs[2]).toEqual({ set: 'a', positions: at(4) })
    open()
    await vi.waitFor(async () => expect(await queue.idle()).toBe(true), TIMEOUT)
    expect(jobs).toHaveLength(3)
  })
  it('runs a job again whose handler throws, with its positions', async () => {
    const { queue } = await start()
    const jobs: Job[] = []
    await queue.wake('a', at(7))
    const handle = async (job: Job): Promise<void> => {
      jobs.push(job)
      if (jobs.length < 3) throw new Error('not yet')
    }
    void queue.work(handle, stop.signal)
    await vi.waitFor(async () => expect([jobs.length, await queue.idle()]).toEqual([3, true]), TIMEOUT)
    expect(jobs.map(({ positions }) => positions)).toEqual([at(7), at(7), at(7)])
  })
  it('ends work once the running job is done, and leaves the rest to others', async () => {
    const { queue, other } = await start()
    const { jobs, open, handle } = gate()
    const work = queue.work(handle, stop.signal)
    await queue.wake('a', at(1))
    await vi.waitFor(() => expect(jobs).toHaveLength(1), TIMEOUT)
    stop.abort()
    await other.wake('b', at(1))
    open()
    await work
    expect(jobs).toHaveLength(1)
    const second = new AbortController()
    const later: Job[] = []
    void other.work(async (job) => void later.push(job), second.signal)
    await vi.waitFor(() => expect(later.map(({ set }) => set)).toEqual(['b']), TIMEOUT)
    second.abort()
  })
  it('runs every set of many wakes', async () => {
    const { queue, other } = await start()
    const names = Array.from({ length: 200 }, (_, i) => `fleet/f${i}`)
    const done = new Set<string>()
    for (const handle of [queue, other]) void handle.work(async ({ set }) => void done.add(set), stop.signal)
    await Promise.all(names.map((name, i) => (i % 2 ? queue : other).wake(name, at(i))))
    await vi.waitFor(() => expect(done.size).toBe(200), TIMEOUT)
    await vi.waitFor(async () => expect(await queue.idle()).toBe(true), TIMEOUT)
  })
}
