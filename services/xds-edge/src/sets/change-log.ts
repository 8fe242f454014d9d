// What changed in one type of a fleet, in order, bounded: what streams that are behind have missed is found here.
// Never answers for what it has forgotten: ask `reaches` first.
import type { Resource } from '@fleetcast/shared/resources/resource'

export interface Change {
  readonly seq: number
  readonly name: string
  readonly before: Resource | undefined
  readonly after: Resource | undefined
  /** To be sent again even where it did not change (rule 73), or changed and changed back meanwhile. */
  readonly isTouch: boolean
}

export interface ChangeLog {
  append(change: Change): void
  /** True while every change after `seq` is remembered. */
  reaches(seq: number): boolean
  /** The changes after `seq`, oldest first. */
  since(seq: number): Iterable<Change>
  readonly length: number
}

export function createChangeLog(lengthMax: number): ChangeLog {
  let changes: Change[] = []
  let forgottenTo = -1

  /** The index of the first change after `seq`. */
  function indexAfter(seq: number): number {
    let low = 0
    let high = changes.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const found = changes[middle]
      if (found !== undefined && found.seq <= seq) low = middle + 1
      else high = middle
    }
    return low
  }
  return {
    append(change) {
      // Twice the bound, then half of it goes at once: constant work per change.
      if (changes.length >= 2 * lengthMax) {
        forgottenTo = changes[lengthMax - 1]?.seq ?? forgottenTo
        changes = changes.slice(lengthMax)
      }
      changes.push(change)
    },
    reaches: (seq) => seq >= forgottenTo,
    *since(seq) {
      for (let i = indexAfter(seq); i < changes.length; i++) {
        const change = changes[i]
        if (change !== undefined) yield change
      }
    },
    get length() {
      return changes.length
    },
  }
}
