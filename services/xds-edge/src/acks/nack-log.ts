// Logs what nodes refuse: once for a fleet and version however many nodes say the same, and never more than some lines a
// second however many texts there are. The status of each node has it anyway.
import type { Clock } from '@fleetcast/shared/runtime/clock'
import type { Logger } from '@fleetcast/shared/runtime/logger'

export interface Nack {
  readonly node: string
  readonly fleet: string | undefined
  readonly type: string
  readonly version: string
  readonly message: string
}

export interface NackLog {
  note(nack: Nack): void
}

const linesPerSecond = 20
const toldMax = 1000

export function createNackLog({ clock, logger }: { readonly clock: Clock; readonly logger: Logger }): NackLog {
  const told = new Set<string>()
  let secondAt = 0
  let lines = 0
  let left = 0
  return {
    note(nack) {
      const key = `${nack.fleet} ${nack.type} ${nack.version} ${nack.message}`
      if (told.has(key)) return
      if (told.size >= toldMax) told.clear()
      told.add(key)
      const now = clock.now()
      if (now - secondAt >= 1000) {
        secondAt = now
        lines = 0
      }
      if (lines >= linesPerSecond) {
        left++
        return
      }
      lines++
      logger.warn(left === 0 ? nack : { ...nack, notLogged: left }, 'a node refused a response')
      left = 0
    },
  }
}
