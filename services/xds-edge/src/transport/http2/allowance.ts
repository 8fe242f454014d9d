// How often a client may do what costs it nothing and the server some work: open a stream and reset it, change its settings.
import type { Clock } from '@fleetcast/shared/runtime/clock'

export interface Allowance {
  /** It has done it once more. False: too often. */
  take(): boolean
}

const atOnce = 1000
const perSecond = 100

export function createAllowance(clock: Clock): Allowance {
  let used = 0
  let usedAt = clock.now()
  return {
    take() {
      const now = clock.now()
      used = 1 + Math.max(0, used - ((now - usedAt) * perSecond) / 1000)
      usedAt = now
      return used <= atOnce
    },
  }
}
