// Hands each event to one of several claimers in one process, at least once. It never drops an event that was claimed and
// not settled, unless more wait than are kept (whoever claims rings for everything at times anyway).
import { type Clock, pause } from '../runtime/clock.ts'
import type { LogEvent } from './object-log.ts'

export type ClaimHandler = (events: readonly LogEvent[]) => Promise<void>

export interface ClaimGroup {
  /** An event that one claimer shall have, now or later. */
  offer(event: LogEvent): void
  /** Claims until the signal aborts. */
  work(handle: ClaimHandler, signal: AbortSignal): Promise<void>
  clear(): void
}

const RETRY_MS = 100

export function createClaimGroup(options: {
  readonly clock: Clock
  readonly claimTimeoutMs: number
  readonly eventsKept: number
}): ClaimGroup {
  const { clock, claimTimeoutMs, eventsKept } = options
  let open: LogEvent[] = []
  /** Claimers that wait for an event, first come first served. */
  const idle = new Set<() => void>()

  const wakeOne = (): void => {
    const [first] = idle
    if (first === undefined) return
    idle.delete(first)
    first()
  }
  const giveBack = (events: readonly LogEvent[]): void => {
    open = [...events, ...open].sort((a, b) => a.position.n - b.position.n)
    wakeOne()
  }
  const untilOffered = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        idle.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      idle.add(done)
      signal.addEventListener('abort', done)
    })
  const settle = async (events: readonly LogEvent[], handle: ClaimHandler, signal: AbortSignal): Promise<void> => {
    let isOver = false
    const cancel = clock.after(claimTimeoutMs, () => {
      isOver = true
      giveBack(events)
    })
    try {
      await handle(events)
      cancel()
    } catch {
      cancel()
      await pause(clock, RETRY_MS, signal)
      if (!isOver) giveBack(events)
    }
  }

  return {
    offer(event) {
      open.push(event)
      if (open.length > eventsKept) open.shift()
      wakeOne()
    },
    async work(handle, signal) {
      while (!signal.aborted) {
        if (open.length === 0) await untilOffered(signal)
        const events = open
        open = []
        if (signal.aborted) giveBack(events)
        else if (events.length > 0) await settle(events, handle, signal)
      }
    },
    clear() {
      open = []
    },
  }
}
