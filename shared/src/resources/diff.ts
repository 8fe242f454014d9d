// What has to be put and removed to make one map of entries into another. Pure; costs one pass over both.
import { type Entry, type EntryKey, entryKey, type SetChange } from '../store/set-store.ts'
import { entryVersion } from './digest.ts'

type Entries = ReadonlyMap<EntryKey, Entry>

export const isSameEntry = (a: Entry, b: Entry): boolean => a === b || entryVersion(a) === entryVersion(b)

/** Puts in the order of `after`, removals in the order of `before`. */
export function diff(before: Entries, after: Entries): SetChange {
  const put: Entry[] = []
  const remove: EntryKey[] = []
  for (const [key, entry] of after) {
    const old = before.get(key)
    if (old === undefined || !isSameEntry(old, entry)) put.push(entry)
  }
  for (const key of before.keys()) if (!after.has(key)) remove.push(key)
  return { put, remove }
}

/**
 * The part of a change that changes these entries: puts of equal versions and removals of nothing left out. Of several
 * puts of one key the last counts, and a put beats a removal.
 */
export function effective(entries: Entries, change: SetChange): SetChange {
  const puts = new Map(change.put.map((entry) => [entryKey(entry), entry]))
  const put = [...puts].filter(([key, entry]) => {
    const old = entries.get(key)
    return old === undefined || !isSameEntry(old, entry)
  })
  const remove = new Set(change.remove.filter((key) => entries.has(key) && !puts.has(key)))
  return { put: put.map(([, entry]) => entry), remove: [...remove] }
}

/** The entries after the change, as a new map. */
export function patched(entries: Entries, change: SetChange): Map<EntryKey, Entry> {
  const next = new Map(entries)
  for (const key of change.remove) next.delete(key)
  for (const entry of change.put) next.set(entryKey(entry), entry)
  return next
}
