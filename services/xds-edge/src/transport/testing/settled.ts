// For tests: a count that has come to rest.
import { expect } from 'vitest'

/** The value once it has stayed the same for ten looks. */
export async function settled(look: () => number): Promise<number> {
  let same = 0
  let last = look()
  await expect
    .poll(() => {
      const now = look()
      same = now === last ? same + 1 : 0
      last = now
      return same
    })
    .toBeGreaterThan(10)
  return last
}
