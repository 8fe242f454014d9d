// Streams that were reset: by the server, of which the client may not know yet; and by the client, which costs it nothing and
// the server some work each time.
import type { Clock } from '@fleetcast/shared/runtime/clock'

export interface Resets {
  /** The server has reset it. */
  add(id: number): void
  /** The server has reset it, not long ago. */
  has(id: number): boolean
  /** The client has reset one. False: too many. */
  isAllowed(): boolean
}

const kept = 1000
/** What a client may reset at once, and in the long run. */
const atOnce = 1000
const perSecond = 100

export function createResets(clock: Clock): Resets {
  const ids = new Set<number>()
  let debt = 0
  let debtAt = clock.now()
  return {
    add(id) {
      ids.add(id)
      if (ids.size <= kept) return
      for (const oldest of ids) {
        ids.delete(oldest)
        break
      }
    },
    has: (id) => ids.has(id),
    isAllowed() {
      const now = clock.now()
      debt = 1 + Math.max(0, debt - ((now - debtAt) * perSecond) / 1000)
      debtAt = now
      return debt <= atOnce
    },
  }
}
