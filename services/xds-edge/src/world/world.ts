// What the edge knows of the store: the directory, the sets that its fleets need, and a history for each fleet. Follows
// them for as long as it lives; what it has stays when the store is gone (rule 2). Knows no stream.

import { reasonOf } from '@fleetcast/shared/runtime/failure'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import {
  DIRECTORY,
  type DirectoryFleet,
  directoryFleet,
  FLEET_TYPE,
  fleetSet,
  viewSet,
} from '@fleetcast/shared/store/directory'
import {
  type Entry,
  type EntryKey,
  isLink,
  type SetContents,
  type SetName,
  type SetStore,
} from '@fleetcast/shared/store/set-store'
import { matchesGlob } from '../identity/glob.ts'
import { createFleetHistory, type FleetHistory } from '../sets/fleet-history.ts'
import { createFleetFeed, type FleetFeed } from './fleet-feed.ts'
import { createSetMirror, type SetMirror } from './set-mirror.ts'

export interface World {
  start(): void
  /** By name, those of the directory that this edge serves. */
  fleets(): ReadonlyMap<string, DirectoryFleet>
  /** Undefined for a fleet that this edge does not serve. */
  history(fleet: string): FleetHistory | undefined
  /** Revisions in use, by set. */
  revisions(): ReadonlyMap<SetName, number>
  revisionOf(fleet: string): number
  generation(): string | undefined
  /** Fleet sets and views that the fleet is made of. */
  setsOf(fleet: string): readonly SetName[]
  /** What keeps the edge from serving everything, a line each. */
  missing(): readonly string[]
  /** All sets in use, to be kept on disk. */
  contents(): ReadonlyMap<SetName, SetContents>
  /** Starts from what was kept on disk; before `start`. */
  restore(sets: ReadonlyMap<SetName, SetContents>): void
}

export interface WorldOptions {
  readonly store: SetStore
  readonly logger: Logger
  readonly signal: AbortSignal
  /** Fleets that this edge serves; all by default. */
  readonly fleetsGlob?: string
  /** The directory changed: nodes may have other fleets now. */
  readonly onDirectory: () => void
  /** A set in use changed. After histories were told. */
  readonly onSet: (set: SetName) => void
}

interface Followed {
  readonly mirror: SetMirror
  readonly stop: AbortController
}

export function createWorld(options: WorldOptions): World {
  const { store, logger, signal, onDirectory, onSet } = options
  const followed = new Map<SetName, Followed>()
  const feeds = new Map<string, FleetFeed>()
  let generation: string | undefined
  let fleets: ReadonlyMap<string, DirectoryFleet> = new Map()
  let historyIds = 0

  const mirrorOf = (set: SetName): SetMirror | undefined => followed.get(set)?.mirror
  const isServed = ({ name }: DirectoryFleet): boolean => matchesGlob(options.fleetsGlob ?? '*', name)

  const follow = (set: SetName): SetMirror => {
    const known = followed.get(set)
    if (known) return known.mirror
    const mirror = createSetMirror(set)
    const stop = new AbortController()
    followed.set(set, { mirror, stop })
    store.follow(
      set,
      (news) => {
        const change = mirror.take(news, generation)
        if (change) changed(new Map([[set, [...change.remove, ...change.put.map(keyOf)]]]))
        else if (mirror.coming) moveWhenWhole()
      },
      { signal: AbortSignal.any([signal, stop.signal]) },
    )
    return mirror
  }

  /** One update for each fleet that the news touches. */
  const changed = (news: ReadonlyMap<SetName, readonly EntryKey[]>): void => {
    if (news.has(DIRECTORY)) readDirectory()
    for (const feed of feeds.values()) feed.changed(news)
    for (const set of news.keys()) onSet(set)
  }

  const readDirectory = (): void => {
    const read = fleetsOf(mirrorOf(DIRECTORY)?.current, logger)
    fleets = new Map([...read].filter(([, fleet]) => isServed(fleet)))
    const wanted = setsNeeded(fleets.values())
    for (const set of wanted) follow(set)
    for (const [set, { stop }] of followed) {
      if (set === DIRECTORY || wanted.has(set)) continue
      stop.abort()
      followed.delete(set)
    }
    for (const { name, removeAfterMs } of fleets.values()) {
      const feed = feeds.get(name) ?? addFeed(name)
      feed.history.removeAfterMs = removeAfterMs
    }
    // Streams may still stand on the history of a fleet that is gone: they keep what they have.
    for (const name of feeds.keys()) if (!fleets.has(name)) feeds.delete(name)
    onDirectory()
  }
  const addFeed = (fleet: string): FleetFeed => {
    const history = createFleetHistory({ fleet, id: ++historyIds })
    const feed = createFleetFeed({ fleet, history, mirror: follow(fleetSet(fleet)), mirrorOf })
    feeds.set(fleet, feed)
    return feed
  }

  /** A new generation is taken once every set of its directory is there: all sets at once, as a diff. */
  const moveWhenWhole = (): void => {
    const directory = mirrorOf(DIRECTORY)?.coming
    if (directory === undefined) return
    const next = directory.head.generation
    const coming = new Map([...fleetsOf(directory, logger)].filter(([, fleet]) => isServed(fleet)))
    const wanted = setsNeeded(coming.values())
    for (const set of wanted) follow(set)
    const isWhole = [...wanted].every((set) => {
      const head = mirrorOf(set)?.coming?.head
      return head?.generation === next && hasNeeds(head.needs)
    })
    if (!isWhole) return
    logger.info({ from: generation, to: next, sets: wanted.size + 1 }, 'moving to a generation of the store')
    generation = next
    const news = new Map<SetName, readonly EntryKey[]>()
    for (const [set, { mirror }] of followed) {
      const change = mirror.move()
      if (change) news.set(set, [...change.remove, ...change.put.map(keyOf)])
    }
    changed(news)
  }
  const hasNeeds = (needs: Readonly<Record<SetName, number>>): boolean =>
    Object.entries(needs).every(([set, needed]) => (mirrorOf(set)?.coming?.head.revision ?? 0) >= needed)

  return {
    start: () => void follow(DIRECTORY),
    fleets: () => fleets,
    history: (fleet) => feeds.get(fleet)?.history,
    revisionOf: (fleet) => feeds.get(fleet)?.revision ?? 0,
    generation: () => generation,
    revisions: () => new Map([...followed].map(([set, { mirror }]) => [set, mirror.current?.head.revision ?? 0])),
    setsOf(fleet) {
      const known = fleets.get(fleet)
      return known ? [...setsNeeded([known])] : []
    },
    missing() {
      const directory = mirrorOf(DIRECTORY)?.current
      if (directory === undefined) return ['the directory has not been read from the store']
      return [...feeds.values()]
        .filter(({ fleet }) => fleets.get(fleet)?.retired === false)
        .flatMap((feed) => feed.waitsFor().map((what) => `fleet ${feed.fleet} waits for ${what}`))
    },
    contents() {
      return new Map([...followed].flatMap(([set, { mirror }]) => (mirror.current ? [[set, mirror.current]] : [])))
    },
    restore(sets) {
      const directory = sets.get(DIRECTORY)
      if (directory === undefined) return
      generation = directory.head.generation
      for (const [set, contents] of sets) {
        if (contents.head.generation === generation) follow(set).restore(contents)
      }
      changed(new Map([...sets].map(([set, { entries }]) => [set, [...entries.keys()]])))
    },
  }
}

const keyOf = (entry: Entry): EntryKey => `${entry.type}\n${entry.name}`

function setsNeeded(fleets: Iterable<DirectoryFleet>): ReadonlySet<SetName> {
  const sets = new Set<SetName>()
  for (const { name, views } of fleets) {
    sets.add(fleetSet(name))
    for (const view of views) sets.add(viewSet(view))
  }
  return sets
}

/** Entries that can't be read are passed over: a newer publisher may write what this edge does not know. */
function fleetsOf(contents: SetContents | undefined, logger: Logger): ReadonlyMap<string, DirectoryFleet> {
  const fleets = new Map<string, DirectoryFleet>()
  for (const entry of contents?.entries.values() ?? []) {
    if (isLink(entry) || entry.type !== FLEET_TYPE) continue
    const fleet = readFleet(entry.bytes)
    if (typeof fleet === 'string')
      logger.warn({ fleet: entry.name, reason: fleet }, 'a directory entry is not readable')
    else fleets.set(fleet.name, fleet)
  }
  return fleets
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
