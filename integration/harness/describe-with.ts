// Tests that need real parts. A part that is missing skips them with the reason, and fails them in CI.
import { describe, it } from 'vitest'
import { isCi, missing, type Part } from './machine.ts'

/** `describe`, for tests that need real parts: skipped with the reason where one is missing, failed in CI. */
export function describeWith(parts: readonly Part[], title: string, body: () => void): void {
  const reasons = parts.flatMap((part) => missing(part) ?? [])
  if (reasons.length === 0) return void describe(title, body)
  const reason = reasons.join('; ')
  it(title, (context) => {
    if (isCi) throw new Error(`nothing may be skipped in CI: ${reason}`)
    context.skip(reason)
  })
}
