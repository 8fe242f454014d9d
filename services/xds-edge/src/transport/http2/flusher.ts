// Gathers what is to be written in one turn, so that everything a turn adds to a connection is one write.

export interface Flusher {
  /** Calls it back once the turn is over. */
  add(flush: () => void): void
}

/** `onTurn`: calls back once what runs now has run. */
export function createFlusher(onTurn: (run: () => void) => void): Flusher {
  let due: (() => void)[] = []
  const run = (): void => {
    const flushes = due
    due = []
    for (const flush of flushes) flush()
  }
  return {
    add(flush) {
      if (due.length === 0) onTurn(run)
      due.push(flush)
    },
  }
}
