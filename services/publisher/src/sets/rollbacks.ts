// Which sets an operator put back to an earlier revision, and what stood before: a rollback stands until what is compiled
// differs from that, whichever publisher looks and however often it was started. Reads history, writes nothing.
import { isRollbackCause } from '@fleetcast/shared/store/rollback'
import type { Entry, EntryKey, SetHead, SetName, SetStore } from '@fleetcast/shared/store/set-store'
import type { Mirror } from './mirror.ts'
import type { Mirrors } from './mirrors.ts'

type Entries = ReadonlyMap<EntryKey, Entry>

export interface Rollbacks {
  /** Learns who made the revision that the mirror shows, unless that is known. */
  look(set: SetName, mirror: Mirror): Promise<void>
  /** The entries before the rollback that the mirror shows, or that there is none; `unknown` before a look. */
  standing(set: SetName, mirror: Mirror): Entries | 'none' | 'unknown'
  /** The head is of this publisher's own commit. */
  committed(set: SetName, head: SetHead): void
}

interface Known {
  readonly generation: string
  readonly revision: number
  readonly before: Entries | 'none'
}

/** Rollbacks in a row that are undone to find what was compiled last. */
const ROLLBACKS_MAX = 100
const TRIES_MAX = 5

export function createRollbacks(store: Pick<SetStore, 'history'>, mirrors: Pick<Mirrors, 'catchUp'>): Rollbacks {
  const known = new Map<SetName, Known>()

  const isKnown = (set: SetName, { head }: Mirror): boolean => {
    const held = known.get(set)
    return held !== undefined && held.generation === head?.generation && held.revision === head.revision
  }
  const keep = (set: SetName, { generation, revision }: SetHead, before: Known['before']): void => {
    known.set(set, { generation, revision, before })
  }
  const read = async (set: SetName, mirror: Mirror): Promise<void> => {
    const { head } = mirror
    if (!head) return
    if (head.revision === 0) return keep(set, head, 'none')
    const [newest] = await store.history(set, 1)
    if (newest && newest.revision > head.revision) return mirrors.catchUp(set, { ...head, revision: newest.revision })
    if (!newest || !isRollbackCause(newest.cause)) return keep(set, head, 'none')
    const history = await store.history(set, ROLLBACKS_MAX)
    // The mirror may have moved on while this was read: the next look sees to that.
    if (mirror.head?.revision !== head.revision || history[0]?.revision !== head.revision) return
    const before = new Map(mirror.entries)
    for (const { cause, changes } of history) {
      if (!isRollbackCause(cause)) break
      for (const { key, before: old } of changes) {
        if (old) before.set(key, old)
        else before.delete(key)
      }
    }
    keep(set, head, before)
  }

  return {
    async look(set, mirror) {
      for (let tries = 0; tries < TRIES_MAX && !isKnown(set, mirror); tries++) await read(set, mirror)
    },
    standing: (set, mirror) => (isKnown(set, mirror) ? (known.get(set)?.before ?? 'none') : 'unknown'),
    committed: (set, head) => keep(set, head, 'none'),
  }
}
