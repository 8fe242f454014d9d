// How fast one stream's requests are taken: a token bucket. What comes faster waits unread, so that the client feels it.
import type { Clock } from '@fleetcast/shared/runtime/clock'

export interface Pace {
  /** Requests a second in the long run. */
  readonly perSecond: number
  /** Requests that may come at once. */
  readonly burst: number
}

export interface Pacer {
  /** Counts one request. 0: go on. Else the milliseconds to wait before the next one. */
  take(): number
}

export function createPacer(clock: Clock, pace: Pace): Pacer {
  let tokens = pace.burst
  let filledAt = clock.now()
  return {
    take() {
      // The clock is asked only by those who used up their burst.
      if (tokens < 1) {
        const now = clock.now()
        tokens = Math.min(pace.burst, tokens + ((now - filledAt) * pace.perSecond) / 1000)
        filledAt = now
      }
      tokens--
      return tokens >= 0 ? 0 : Math.ceil((-tokens * 1000) / pace.perSecond)
    },
  }
}
