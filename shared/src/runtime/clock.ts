// Time and randomness, passed in wherever they are needed so that tests own them.

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls `run` once after so many milliseconds, unless the returned function is called first. */
  after(delayMs: number, run: () => void): () => void
}

/** A number from 0 up to, not including, 1. */
export type Random = () => number

export const systemClock: Clock = {
  now: Date.now,
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}

/**
 * Calls `run` once nothing was heard for so many milliseconds, unless the returned function is called first. Hearing costs no
 * timer: the one there is looks at its end whether it came too early.
 */
export function afterSilence(clock: Clock, silenceMs: number, heardAt: () => number, run: () => void): () => void {
  let cancel: () => void
  const listen = (): void => {
    cancel = clock.after(Math.max(0, heardAt() + silenceMs - clock.now()), () => {
      if (clock.now() - heardAt() >= silenceMs) run()
      else listen()
    })
  }
  listen()
  return () => cancel()
}

/** Resolves after so many milliseconds, or at once when the signal aborts; never rejects. */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = (): void => {
      cancel()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const cancel = clock.after(delayMs, done)
    signal?.addEventListener('abort', done, { once: true })
  })
}
