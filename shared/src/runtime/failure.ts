// An error whose message is meant for the person who runs the command, without a stack. Never holds a secret.

export interface Failure extends Error {
  /** 1: it failed. 2: it was asked for in a wrong way. */
  readonly exitCode: 1 | 2
}

/** `lines`: one a mistake. */
export function failure(lines: string | readonly string[], exitCode: 1 | 2 = 1, cause?: unknown): Failure {
  const message = typeof lines === 'string' ? lines : lines.join('\n')
  return Object.assign(new Error(message, cause === undefined ? {} : { cause }), { exitCode })
}

export const isFailure = (error: unknown): error is Failure =>
  error instanceof Error && 'exitCode' in error && (error.exitCode === 1 || error.exitCode === 2)

/** What an error says, in one line and without its stack. */
export const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const inner = error instanceof AggregateError ? error.errors.map(reasonOf).join('; ') : ''
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  return (error.message || inner || code).replaceAll('\n', ' ')
}
