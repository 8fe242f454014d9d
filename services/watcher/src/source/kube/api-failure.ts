// What an API server answered instead of what was asked for.
import { field } from '../../cut/cut.ts'

export interface ApiFailure extends Error {
  /** HTTP status, or the code of a Status in a watch. */
  readonly status: number
  /** How long the server asked to wait. */
  readonly retryAfterMs?: number
}

export const isApiFailure = (error: unknown): error is ApiFailure =>
  error instanceof Error && 'status' in error && typeof error.status === 'number'

/** `body`: a Status object, as text or parsed; anything else is left out of the message. */
export function apiFailure(status: number, body: unknown, retryAfter?: string): ApiFailure {
  const value = typeof body === 'string' ? parsed(body) : body
  const said = field(value, 'message')
  const seconds = Number(retryAfter ?? field(field(value, 'details'), 'retryAfterSeconds'))
  const message = `the API server answered ${status}${typeof said === 'string' ? `: ${said.slice(0, 300)}` : ''}`
  const retryAfterMs = Number.isFinite(seconds) && seconds > 0 ? { retryAfterMs: seconds * 1000 } : {}
  return Object.assign(new Error(message), { status, ...retryAfterMs })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The resource version, or the page of a list, is too old: list again. */
export const isExpired = (error: unknown): boolean => isApiFailure(error) && error.status === 410
