// Several parts of one process that live and end together.

/**
 * Runs all until the signal aborts. When one fails, or ends by itself, the others are stopped as well; resolves or rejects
 * once all have ended.
 */
export async function runTogether(
  parts: readonly ((signal: AbortSignal) => Promise<void>)[],
  signal: AbortSignal,
): Promise<void> {
  const one = new AbortController()
  const both = AbortSignal.any([signal, one.signal])
  const ends = await Promise.allSettled(
    parts.map(async (part) => {
      try {
        await part(both)
      } finally {
        one.abort()
      }
    }),
  )
  const failed = ends.find((end) => end.status === 'rejected')
  if (failed) throw failed.reason
}
