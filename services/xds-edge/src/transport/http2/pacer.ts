// How fast what a client asks is taken: a token bucket. What comes faster waits unread, so that the client feels it.
// A request that is much work counts as many: no stream may keep an edge from the others.
import type { Clock } from '@fleetcast/shared/runtime/clock'

export interface Pace {
  /** Requests a second in the long run. */
  readonly perSecond: number
  /** Requests that may come at once. */
  readonly burst: number
  /** As how many requests a millisecond of work counts. */
  readonly perWorkMs: number
}

export interface Pacer {
  /** Counts one request that was so much work. 0: go on. Else the milliseconds to wait before the next one. */
  take(workMs: number): number
}

export function createPacer(clock: Clock, pace: Pace): Pacer {
  let tokens = pace.burst
  let filledAt = clock.now()
  return {
    take(workMs) {
      // A process that was held up must not charge that to whoever happened to be served: one burst is the most.
      const cost = workMs === 0 ? 1 : Math.min(Math.max(1, pace.burst), 1 + workMs * pace.perWorkMs)
      // The clock is asked only by those who used up their burst.
      if (tokens < cost) {
        const now = clock.now()
        tokens = Math.min(pace.burst, tokens + ((now - filledAt) * pace.perSecond) / 1000)
        filledAt = now
      }
      tokens -= cost
      return tokens >= 0 ? 0 : Math.ceil((-tokens * 1000) / pace.perSecond)
    },
  }
}
