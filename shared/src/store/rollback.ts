// The word by which history knows that a commit was an operator's way back, not what the input gave.

const WORDS = 'rollback to revision '

export const rollbackCause = (revision: number): string => `${WORDS}${revision}`

/** A resource may be called anything, so only the whole text counts. */
export const isRollbackCause = (cause: string): boolean =>
  cause.startsWith(WORDS) && /^\d+$/.test(cause.slice(WORDS.length))
