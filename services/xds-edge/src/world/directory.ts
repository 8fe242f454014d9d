// The directory as an edge reads it: fleets by name, and the sets that they need. Pure.
import { reasonOf } from '@fleetcast/shared/runtime/failure'
import { type DirectoryFleet, directoryFleet, FLEET_TYPE, fleetSet, viewSet } from '@fleetcast/shared/store/directory'
import { type Entry, isLink, type SetName } from '@fleetcast/shared/store/set-store'

export interface ReadDirectory {
  readonly fleets: ReadonlyMap<string, DirectoryFleet>
  /** Entries that can't be read, each with why: a newer publisher may write what this edge does not know. */
  readonly unreadable: ReadonlyMap<string, string>
}

export function readDirectory(entries: Iterable<Entry>): ReadDirectory {
  const fleets = new Map<string, DirectoryFleet>()
  const unreadable = new Map<string, string>()
  for (const entry of entries) {
    if (isLink(entry) || entry.type !== FLEET_TYPE) continue
    const fleet = readFleet(entry.bytes)
    if (typeof fleet === 'string') unreadable.set(entry.name, fleet)
    else fleets.set(fleet.name, fleet)
  }
  return { fleets, unreadable }
}

/** What the fleets are made of: their own sets and the views that they link into. */
export function setsNeeded(fleets: Iterable<DirectoryFleet>): ReadonlySet<SetName> {
  const sets = new Set<SetName>()
  for (const { name, views } of fleets) {
    sets.add(fleetSet(name))
    for (const view of views) sets.add(view.includes('/') ? view : viewSet(view))
  }
  return sets
}

/** The fleet, or why it can't be read. */
function readFleet(bytes: Uint8Array): DirectoryFleet | string {
  try {
    const result = directoryFleet.safeParse(JSON.parse(Buffer.from(bytes).toString()))
    return result.success ? result.data : (result.error.issues[0]?.message ?? 'not a fleet')
  } catch (error) {
    return reasonOf(error)
  }
}
