// What the edge knows of the store: the directory, and the sets that its fleets need. Follows them for as long as it
// lives; what it has stays when the store is gone (rule 2). Knows no stream.
import type { Logger } from '@fleetcast/shared/runtime/logger'
import { DIRECTORY, type DirectoryFleet, fleetSet } from '@fleetcast/shared/store/directory'
import type { Entry, EntryKey, SetName, SetNews, SetStore } from '@fleetcast/shared/store/set-store'
import { entryKey } from '@fleetcast/shared/store/set-store'
import { matchesAny } from '../identity/glob.ts'
import type { FleetHistory } from '../sets/fleet-history.ts'
import { createFleets } from '../sets/fleets.ts'
import { readDirectory, setsNeeded } from './directory.ts'

/** Where a set in use stands. */
export interface Standing {
  readonly generation: string
  readonly revision: number
}

export interface World {
  start(): void
  /** Takes news as if the store had told them: what was kept on disk, before `start`. */
  take(set: SetName, news: SetNews): void
  /** By name, those of the directory that this edge serves. */
  fleets(): ReadonlyMap<string, DirectoryFleet>
  /** Undefined for a fleet that this edge does not serve. */
  history(fleet: string): FleetHistory | undefined
  /** Of the fleet's set that is in use, 0 before there is one. */
  revisionOf(fleet: string): number
  /** Undefined for a set of which nothing is in use. */
  standing(set: SetName): Standing | undefined
  /** The sets that the fleet is made of. */
  setsOf(fleet: string): readonly SetName[]
  /** All sets that are followed. */
  sets(): readonly SetName[]
  /** The generation of the store that the directory is of. */
  generation(): string | undefined
  /** What keeps the edge from serving everything, a line each. */
  missing(): readonly string[]
}

export interface WorldOptions {
  readonly store: Pick<SetStore, 'follow'>
  readonly logger: Logger
  readonly signal: AbortSignal
  /** Globs of the fleets that this edge serves; none means all. */
  readonly fleetGlobs: readonly string[]
  /** The directory changed: nodes may have other fleets now. */
  readonly onDirectory: () => void
  /** After histories were told. */
  readonly onNews: (set: SetName, news: SetNews) => void
}

export function createWorld(options: WorldOptions): World {
  const { store, logger, signal } = options
  const histories = createFleets()
  const followed = new Map<SetName, AbortController>()
  /** Fleets whose set was read and was never committed: all that is written for them is wrong, and others go on. */
  const empty = new Set<SetName>()
  const directory = new Map<EntryKey, Entry>()
  let directoryAt: Standing | undefined
  let fleets: ReadonlyMap<string, DirectoryFleet> = new Map()

  const isServed = (fleet: string): boolean => options.fleetGlobs.length === 0 || matchesAny(options.fleetGlobs, fleet)
  const follow = (set: SetName): void => {
    if (followed.has(set)) return
    const stop = new AbortController()
    followed.set(set, stop)
    store.follow(set, (news) => take(set, news), { signal: AbortSignal.any([signal, stop.signal]) })
  }
  const take = (set: SetName, news: SetNews): void => {
    if (set === DIRECTORY) takeDirectory(news)
    else histories.news(set, news)
    if (news.kind === 'contents' && news.contents.head.revision === 0) empty.add(set)
    else empty.delete(set)
    options.onNews(set, news)
  }
  const takeDirectory = (news: SetNews): void => {
    if (news.kind === 'contents') {
      directory.clear()
      directoryAt = news.contents.head
      for (const [key, entry] of news.contents.entries) directory.set(key, entry)
    } else {
      directoryAt = news.head
      for (const key of news.change.remove) directory.delete(key)
      for (const entry of news.change.put) directory.set(entryKey(entry), entry)
    }
    const read = readDirectory(directory.values())
    for (const [fleet, reason] of read.unreadable)
      logger.warn({ fleet, reason }, 'an entry of the directory is no fleet')
    const before = fleets
    fleets = new Map([...read.fleets].filter(([name]) => isServed(name)))
    followWanted()
    for (const { name, removeAfterMs } of fleets.values()) histories.fleet(name).removeAfterMs = removeAfterMs
    // Streams may still stand on the history of a fleet that is gone: they keep what they have.
    for (const name of before.keys()) if (!fleets.has(name)) histories.forget(name)
    options.onDirectory()
  }
  const followWanted = (): void => {
    const wanted = setsNeeded(fleets.values())
    for (const set of wanted) follow(set)
    for (const [set, stop] of followed) {
      if (set === DIRECTORY || wanted.has(set)) continue
      stop.abort()
      followed.delete(set)
    }
  }

  return {
    start: () => follow(DIRECTORY),
    take,
    fleets: () => fleets,
    history: (fleet) => (fleets.has(fleet) ? histories.fleet(fleet) : undefined),
    revisionOf: histories.revisionOf,
    standing: (set) => (set === DIRECTORY ? directoryAt : histories.at(set)),
    setsOf(fleet) {
      const known = fleets.get(fleet)
      return known ? [...setsNeeded([known])] : []
    },
    sets: () => [...followed.keys()],
    generation: () => directoryAt?.generation,
    missing() {
      if (directoryAt === undefined) return ['the directory has not been read from the store']
      return [...fleets.values()]
        .filter(({ name, retired }) => !retired && histories.fleet(name).seq === 0 && !empty.has(fleetSet(name)))
        .map(({ name }) => `the set of fleet ${name} has not been read`)
    },
  }
}
