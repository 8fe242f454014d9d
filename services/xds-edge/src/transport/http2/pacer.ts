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

export const createPacer = (clock: Clock, pace: Pace): Pacer => new TokenBucket(clock, pace)

/** One object: every stream has one. */
class TokenBucket implements Pacer {
  private readonly clock: Clock
  private readonly pace: Pace
  private tokens: number
  private filledAt: number

  constructor(clock: Clock, pace: Pace) {
    this.clock = clock
    this.pace = pace
    this.tokens = pace.burst
    this.filledAt = clock.now()
  }

  take(workMs: number): number {
    const { perSecond, burst, perWorkMs } = this.pace
    // A process that was held up must not charge that to whoever happened to be served: one burst is the most.
    const cost = workMs === 0 ? 1 : Math.min(Math.max(1, burst), 1 + workMs * perWorkMs)
    // The clock is asked only by those who used up their burst.
    if (this.tokens < cost) {
      const now = this.clock.now()
      this.tokens = Math.min(burst, this.tokens + ((now - this.filledAt) * perSecond) / 1000)
      this.filledAt = now
    }
    this.tokens -= cost
    return this.tokens >= 0 ? 0 : Math.ceil((-this.tokens * 1000) / perSecond)
  }
}
