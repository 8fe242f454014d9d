// A clock that a test moves by hand. Between two timers everything that waits on promises, or for a few turns of the event loop,
// gets there.
import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../src/runtime/clock.ts'

export interface ManualClock extends Clock {
  /** Lets so much time pass. */
  advance(ms: number): Promise<void>
}

const TURNS = 10

async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await setImmediate()
}

export function createManualClock(startMs = 1_000_000): ManualClock {
  let nowMs = startMs
  const timers = new Set<{ readonly at: number; readonly run: () => void }>()
  return {
    now: () => nowMs,
    after(delayMs, run) {
      const timer = { at: nowMs + delayMs, run }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    async advance(ms) {
      const end = nowMs + ms
      for (;;) {
        await settle()
        const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
        if (!next) break
        timers.delete(next)
        nowMs = Math.max(nowMs, next.at)
        next.run()
      }
      nowMs = end
    },
  }
}
