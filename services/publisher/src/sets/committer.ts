// Commits what is wanted of a set, one set at a time, and tries again until it stands or the store says that this process
// must catch up first. Knows nothing of what the sets hold. An older view of the world never overwrites a newer one: the
// positions that go with each commit see to that (design rule 3).
import { isEmptyChange } from '@fleetcast/shared/resources/digest'
import { type Clock, pause } from '@fleetcast/shared/runtime/clock'
import { hasReached } from '@fleetcast/shared/store/positions'
import type { CommitResult, Positions, SetChange, SetHead, SetName, SetStore } from '@fleetcast/shared/store/set-store'
import type { Mirror } from './mirror.ts'

export interface Wanted {
  readonly change: SetChange
  readonly needs?: SetHead['needs']
  readonly cause: string
  /** Called once it stands, with the head that it stands under. */
  readonly onCommitted?: (head: SetHead) => void
}

export interface CommitterOptions {
  readonly store: SetStore
  readonly clock: Clock
  readonly signal: AbortSignal
  /** What the compiler has seen. */
  readonly positions: () => Positions
  /** Resolves true once the world has reached the positions, false when that takes too long. */
  readonly reached: (positions: Positions) => Promise<boolean>
  /** Resolves once the mirror shows the head. */
  readonly catchUp: (set: SetName, head: SetHead) => Promise<void>
  /** The store lost its generation: makes sure that there is one and that the mirrors show it. */
  readonly renew: () => Promise<void>
  readonly onResult: (result: CommitResult['kind']) => void
}

export interface Committer {
  /** True while the set's last commit, as far as the mirror shows, was made here. */
  isHeld(set: SetName, mirror: Mirror): boolean
  /**
   * Resolves once what `want` gives is committed. `want` is called anew for each try, against the mirror as it is then.
   * Two calls for one set run one after the other. Where it gives nothing, nothing is committed, and no positions either.
   */
  commit(set: SetName, mirror: Mirror, want: () => Wanted | undefined): Promise<SetHead>
}

const TRIES = 20

export function createCommitter(options: CommitterOptions): Committer {
  const { store, clock, signal, positions, reached, catchUp, renew, onResult } = options
  const tails = new Map<SetName, Promise<unknown>>()
  const made = new Map<SetName, SetHead>()

  async function run(set: SetName, mirror: Mirror, want: () => Wanted | undefined): Promise<SetHead> {
    for (let tries = 0; tries < TRIES && !signal.aborted; tries++) {
      const { head } = mirror
      if (!head) throw new Error(`${set}: not read yet`)
      const seen = positions()
      const wanted = want()
      if (!wanted) return head
      const { change, needs, cause, onCommitted } = wanted
      if (isEmptyChange(change) && isEqual(head.positions, seen)) {
        onCommitted?.(head)
        return head
      }
      const result = await store.commit({
        set,
        generation: head.generation,
        base: head.revision,
        positions: seen,
        change,
        ...(needs && !isEmptyChange(change) ? { needs } : {}),
        cause,
      })
      onResult(result.kind)
      if (result.kind === 'committed') {
        mirror.committed(result.head, change)
        made.set(set, result.head)
        onCommitted?.(result.head)
        return result.head
      }
      await recover(result, set, tries)
    }
    throw new Error(`${set}: not committed after ${TRIES} tries`)
  }

  async function recover(result: CommitResult, set: SetName, tries: number): Promise<void> {
    if (result.kind === 'lost') await renew()
    else if (result.kind === 'conflict') await catchUp(set, result.head)
    else if (result.kind === 'stale' && !(await reached(result.head.positions))) {
      throw new Error(`${set}: another publisher has seen more of ${Object.keys(result.head.positions).join(', ')}`)
    }
    // Two publishers that meet again and again: one goes first.
    if (tries > 3) await pause(clock, 5 * tries, signal)
  }

  return {
    isHeld(set, { head }) {
      const mine = made.get(set)
      return mine !== undefined && head?.generation === mine.generation && head.revision === mine.revision
    },
    commit(set, mirror, want) {
      const before = tails.get(set)
      const mine = before === undefined ? run(set, mirror, want) : before.then(() => run(set, mirror, want))
      const settled = mine.catch(() => undefined)
      tails.set(set, settled)
      void settled.then(() => tails.get(set) === settled && tails.delete(set))
      return mine
    },
  }
}

function isEqual(a: Positions, b: Positions): boolean {
  const sites = Object.entries(b)
  return (
    sites.length === Object.keys(a).length &&
    sites.every(([site, at]) => hasReached(a[site], at) && hasReached(at, a[site] ?? at))
  )
}
