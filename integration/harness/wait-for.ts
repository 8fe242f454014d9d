// Waiting for a condition of something outside this process, by asking again until it holds. For what can tell by itself
// (an event, a promise) wait for that instead.
import { setTimeout as pause } from 'node:timers/promises'

export interface WaitOptions {
  readonly timeoutMs?: number
  readonly everyMs?: number
}

/**
 * Resolves with the first result that is neither false, null nor undefined. A condition that throws does not hold yet; what it
 * threw last is in the error when the time is over.
 */
export async function waitFor<T>(
  what: string,
  condition: () => T | Promise<T>,
  { timeoutMs = 20_000, everyMs = 20 }: WaitOptions = {},
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs
  let last: unknown
  do {
    try {
      const result = await condition()
      if (result !== false && result !== undefined && result !== null) return result
      last = undefined
    } catch (error) {
      last = error
    }
    await pause(everyMs)
  } while (performance.now() < deadline)
  throw new Error(`waited ${timeoutMs} ms for ${what}`, last === undefined ? {} : { cause: last })
}
