// What is known of fleets and sites → the entries of the set `directory`. Pure. A fleet that is gone is retired and a site
// that is silent stays: nothing is ever taken out (design section 11).
import {
  type DirectoryFleet,
  directoryFleet,
  FLEET_TYPE,
  fleetEntry,
  SITE_TYPE,
  siteEntry,
} from '@fleetcast/shared/store/directory'
import { type Entry, type EntryKey, entryKey, isLink } from '@fleetcast/shared/store/set-store'

export interface DirectoryInput {
  /** Fleets that have a ConfigMap; `entry` is undefined for one that can't be published yet. */
  readonly fleets: ReadonlyMap<string, DirectoryFleet | undefined>
  readonly sites: Iterable<string>
  /** What the directory holds now. */
  readonly committed: ReadonlyMap<EntryKey, Entry>
  /** True once every site is synced: only then a fleet that was not found is gone. */
  readonly isComplete: boolean
}

export function compileDirectory(input: DirectoryInput): ReadonlyMap<EntryKey, Entry> {
  const { fleets, sites, committed, isComplete } = input
  const entries = new Map<EntryKey, Entry>(committed)
  const put = (entry: Entry): void => {
    entries.set(entryKey(entry), entry)
  }
  for (const site of sites) put(siteEntry({ name: site }))
  for (const fleet of fleets.values()) if (fleet) put(fleetEntry(fleet))
  if (isComplete) {
    for (const fleet of directoryFleets(committed)) {
      if (!fleets.has(fleet.name) && !fleet.retired) put(fleetEntry({ ...fleet, retired: true }))
    }
  }
  return entries
}

/** The fleets of a directory; what can't be read is passed over. */
export function directoryFleets(entries: ReadonlyMap<EntryKey, Entry>): readonly DirectoryFleet[] {
  return [...entries.values()].flatMap((entry) => {
    if (isLink(entry) || entry.type !== FLEET_TYPE) return []
    const parsed = directoryFleet.safeParse(readJson(entry.bytes))
    return parsed.success ? [parsed.data] : []
  })
}

export const directorySites = (entries: ReadonlyMap<EntryKey, Entry>): readonly string[] =>
  [...entries.values()].filter(({ type }) => type === SITE_TYPE).map(({ name }) => name)

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return undefined
  }
}
