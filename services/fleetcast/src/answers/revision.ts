// The contents of a set at an earlier revision, and what lies between two revisions. History holds what stood there before
// each commit, so going back is undoing, newest first. Pure.
import type { Entry, EntryKey, HistoryEntry, SetContents } from '@fleetcast/shared/store/set-store'
import { isLink } from '@fleetcast/shared/store/set-store'

export type Entries = ReadonlyMap<EntryKey, Entry>

/** The entries at a revision, or undefined where history does not reach back that far (it is trimmed) or not yet. */
export function entriesAt(
  contents: SetContents,
  history: readonly HistoryEntry[],
  revision: number,
): Entries | undefined {
  if (revision > contents.head.revision || revision < 0) return undefined
  const entries = new Map(contents.entries)
  let at = contents.head.revision
  for (const entry of history) {
    if (at === revision) break
    if (entry.revision !== at) continue
    for (const { key, before } of entry.changes) {
      if (before) entries.set(key, before)
      else entries.delete(key)
    }
    at -= 1
  }
  return at === revision ? entries : undefined
}

export interface Difference {
  readonly key: EntryKey
  readonly before?: Entry
  readonly after?: Entry
}

/** What differs, by key in order. */
export function differences(before: Entries, after: Entries): readonly Difference[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort((a, b) => (a < b ? -1 : 1))
  return keys.flatMap((key) => {
    const [a, b] = [before.get(key), after.get(key)]
    if (a && b && sameEntry(a, b)) return []
    return [{ key, ...(a ? { before: a } : {}), ...(b ? { after: b } : {}) }]
  })
}

export function sameEntry(a: Entry, b: Entry): boolean {
  if (isLink(a) || isLink(b)) return isLink(a) && isLink(b) && a.link === b.link
  return a.version === b.version
}
