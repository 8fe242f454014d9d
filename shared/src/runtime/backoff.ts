// Back-off with full jitter: a failing thing is tried again after a random share of a delay that doubles up to a limit.
import type { Random } from './clock.ts'

export interface Backoff {
  /** Milliseconds to wait before the next try. */
  next(): number
  /** Call after a success that lasted. */
  reset(): void
}

export function createBackoff(options: {
  readonly minMs: number
  readonly maxMs: number
  readonly random: Random
}): Backoff {
  let delayMs = options.minMs
  return {
    next() {
      const waitMs = delayMs / 2 + (options.random() * delayMs) / 2
      delayMs = Math.min(delayMs * 2, options.maxMs)
      return waitMs
    },
    reset() {
      delayMs = options.minMs
    },
  }
}
