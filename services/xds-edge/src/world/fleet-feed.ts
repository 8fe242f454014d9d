// From a fleet's set and the views that it links into to the updates of its history. Takes a revision of the fleet only
// once the views have the revisions that it needs, so that "not yet committed" is never mistaken for "none". Pure but for
// its own state and the history that it writes.
import type { Resource } from '@fleetcast/shared/resources/resource'
import { type Entry, type EntryKey, entryKey, isLink, type SetName } from '@fleetcast/shared/store/set-store'
import type { FleetHistory, FleetUpdate, ResourceKey } from '../sets/fleet-history.ts'
import type { SetMirror } from './set-mirror.ts'

export interface FleetFeed {
  readonly fleet: string
  readonly history: FleetHistory
  /** Call after news: what may be different now, by set. One call is one update of the history. */
  changed(news: ReadonlyMap<SetName, Iterable<EntryKey>>): void
  /** Views whose revision the fleet waits for, as `set at revision`. */
  waitsFor(): readonly string[]
  /** The revision of the fleet's set that is in use. */
  readonly revision: number
}

export function createFleetFeed(options: {
  readonly fleet: string
  readonly history: FleetHistory
  readonly mirror: SetMirror
  /** Undefined for a set that is not followed (yet). */
  readonly mirrorOf: (set: SetName) => SetMirror | undefined
}): FleetFeed {
  const { fleet, history, mirror, mirrorOf } = options
  /** What of the fleet's set is in the history: what needs hold back is not. */
  const used = new Map<EntryKey, Entry>()
  let waiting = new Set<EntryKey>()
  let revision = 0

  const missing = (): readonly string[] => {
    const contents = mirror.current
    if (contents === undefined || contents.head.revision === 0) return [mirror.set]
    return Object.entries(contents.head.needs)
      .filter(([set, needed]) => !((mirrorOf(set)?.current?.head.revision ?? 0) >= needed))
      .map(([set, needed]) => `${set} at ${needed}`)
  }
  const resolve = (entry: Entry): Resource | undefined => {
    if (!isLink(entry)) return entry
    const found = mirrorOf(entry.link)?.current?.entries.get(entryKey(entry))
    return found === undefined || isLink(found) ? undefined : found
  }
  const updateOf = (keys: Iterable<EntryKey>): FleetUpdate => {
    const put: Resource[] = []
    const remove: ResourceKey[] = []
    for (const key of keys) {
      const entry = used.get(key)
      const resource = entry && resolve(entry)
      if (resource) put.push(resource)
      else remove.push(keyOf(key))
    }
    return { put, remove }
  }
  /** What waited for the views of the fleet's revision. */
  const take = (): Iterable<EntryKey> => {
    const contents = mirror.current
    if (contents === undefined || missing().length > 0) return []
    const keys = waiting
    waiting = new Set()
    for (const key of keys) {
      const entry = contents.entries.get(key)
      if (entry) used.set(key, entry)
      else used.delete(key)
    }
    revision = contents.head.revision
    return keys
  }
  const linksInto = (view: SetName, keys: Iterable<EntryKey>): readonly EntryKey[] =>
    [...keys].filter((key) => {
      const entry = used.get(key)
      return entry !== undefined && isLink(entry) && entry.link === view
    })

  return {
    fleet,
    history,
    get revision() {
      return revision
    },
    changed(news) {
      for (const key of news.get(mirror.set) ?? []) waiting.add(key)
      const isFirst = history.seq === 0
      const keys = new Set(waiting.size > 0 || isFirst ? take() : [])
      for (const [set, changed] of news)
        if (set !== mirror.set) for (const key of linksInto(set, changed)) keys.add(key)
      // The first update counts even where it is empty: the fleet is known to have nothing (rule 41).
      if (keys.size > 0 || (isFirst && revision > 0)) history.apply(updateOf(keys))
    },
    waitsFor: () => (waiting.size > 0 || history.seq === 0 ? missing() : []),
  }
}

const keyOf = (key: EntryKey): ResourceKey => {
  const end = key.indexOf('\n')
  return { type: key.slice(0, end), name: key.slice(end + 1) }
}
