// The publisher: follows every site's log, compiles the sets that a change touches and commits them. Everything that
// decides what a set holds is in the compiler; here is only when, and what must come before what. Any number of
// publishers do this beside each other: the commit's compare-and-swap decides.
import type { EnvoyTypes } from '@fleetcast/shared/envoy/types'
import type { LogNews, ObjectLog } from '@fleetcast/shared/log/object-log'
import type { Problem } from '@fleetcast/shared/objects/problem'
import type { Job, JobQueue } from '@fleetcast/shared/queue/job-queue'
import { diff } from '@fleetcast/shared/resources/diff'
import type { Resource } from '@fleetcast/shared/resources/resource'
import { ENDPOINTS } from '@fleetcast/shared/resources/types'
import { type Clock, pause, type Random } from '@fleetcast/shared/runtime/clock'
import { reasonOf } from '@fleetcast/shared/runtime/failure'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import type { Metrics } from '@fleetcast/shared/runtime/metrics'
import { DIRECTORY, type DirectoryFleet, fleetSet, viewSet } from '@fleetcast/shared/store/directory'
import {
  type Entry,
  type EntryKey,
  entryKey,
  isLink,
  type Positions,
  type SetChange,
  type SetName,
  type SetNews,
  type SetStore,
} from '@fleetcast/shared/store/set-store'
import { compileDirectory, directoryFleets, directorySites } from './compile/compile-directory.ts'
import { createCompiler, setsOf, type Touched, untouched } from './compile/compiler.ts'
import { readFleetDocument } from './fleets/document.ts'
import { createCommitter, type Wanted } from './sets/committer.ts'
import type { Mirror } from './sets/mirror.ts'
import { createMirrors } from './sets/mirrors.ts'
import { createProblemBoard } from './sets/problem-board.ts'
import type { ViewId } from './views/views.ts'
import { followLogs } from './world/follow-logs.ts'
import { byText } from './world/order.ts'
import { createWorld } from './world/world.ts'

export interface PublisherOptions {
  readonly log: ObjectLog
  readonly store: SetStore
  readonly queue: JobQueue
  readonly types: EnvoyTypes
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: Metrics
  readonly sealKey?: Uint8Array | undefined
}

export interface PublisherStatus {
  readonly ready: boolean
  /** What is missing, one sentence each. */
  readonly waitsFor: readonly string[]
  readonly sites: Readonly<Record<string, { readonly synced: boolean; readonly n: number }>>
  readonly fleets: readonly string[]
  readonly objects: number
  readonly problems: readonly Problem[]
}

export interface Publisher {
  status(): PublisherStatus
  /** Resolves once every set of every synced site is committed. */
  settled(): Promise<void>
  /** Ends following and working; resolves when the running jobs are done. */
  close(): Promise<void>
}

const GENERATION_CHECK_MS = 5_000
const SWEEP_MS = 30_000

export function createPublisher(options: PublisherOptions): Publisher {
  const { log, store, queue, types, clock, random, logger, metrics, sealKey } = options
  const ending = new AbortController()
  const { signal } = ending
  const world = createWorld()
  const board = createProblemBoard({ store, logger, metrics })
  const commits = metrics.counter('fleetcast_publisher_commits_total', 'Commits tried, by result.', ['result'])
  /** Names that may differ from what is committed; `true` for every name of the view. */
  const dirty = new Map<ViewId, Set<string> | true>()
  let isSealed = false
  let hasStarted = false

  const mirrors = createMirrors({ store, signal, onNews: heardSet })
  const compiler = createCompiler({
    types,
    sealKey,
    read: (key, text) => readFleetDocument(types, key, text),
    committed: (fleet) => mirrors.of(fleetSet(fleet)).entries,
    settled: () => isComplete(),
  })
  const logs = followLogs({ log, world, clock, random, logger, signal, onNews: heardLog, ring })
  const committer = createCommitter({
    store,
    clock,
    signal,
    positions: () => world.positions(),
    reached: (positions) => logs.reached(positions),
    renew,
    onCommit: (_, result) => commits.inc({ result }),
  })

  const knownSites = (): ReadonlySet<string> =>
    world.sites.union(new Set(directorySites(mirrors.of(DIRECTORY).entries)))
  const isComplete = (): boolean => world.synced.size > 0 && knownSites().isSubsetOf(world.synced)

  // What is heard

  function heardLog(site: string, news: LogNews): readonly SetName[] {
    const syncedBefore = world.synced.size
    const changes = world.apply(site, news)
    const touched = compiler.apply(changes, world.synced)
    markDirty(touched)
    const hasNewSite = world.synced.size > syncedBefore
    if (hasNewSite) inBackground(seal())
    const sets = setsOf(touched)
    return touched.fleets.size > 0 || hasNewSite ? [...sets, DIRECTORY] : sets
  }

  function heardSet(set: SetName, isWhole: boolean, news: SetNews): void {
    const [kind, name = ''] = splitSet(set)
    if (isWhole && kind === 'endpoints') dirty.set(name, true)
    if (kind === 'fleet' && (isWhole || changesLinks(news))) holdCommitted(name)
    if (set === DIRECTORY)
      for (const fleet of directoryFleets(mirrors.of(DIRECTORY).entries)) mirrors.of(fleetSet(fleet.name))
  }

  /** What the fleet's committed form links to stays in its views. */
  function holdCommitted(fleet: string): void {
    const links = new Map<ViewId, Set<string>>()
    for (const entry of mirrors.of(fleetSet(fleet)).entries.values()) {
      if (!isLink(entry)) continue
      const [, view = ''] = splitSet(entry.link)
      links.set(view, (links.get(view) ?? new Set()).add(entry.name))
    }
    const touched = untouched()
    compiler.holdCommitted(fleet, links, touched)
    markDirty(touched)
    if (touched.views.size > 0 && hasStarted) inBackground(ring(setsOf(touched), world.positions()))
  }

  function markDirty({ views }: Touched): void {
    for (const [view, names] of views) {
      const known = dirty.get(view)
      if (known === undefined) dirty.set(view, new Set(names))
      else if (known !== true) for (const name of names) known.add(name)
    }
  }

  async function ring(sets: readonly SetName[] | undefined, positions: Positions): Promise<void> {
    const all = sets ?? [...compiler.fleets().map(fleetSet), ...[...dirty.keys()].map(viewSet), DIRECTORY]
    await Promise.all(all.map((set) => queue.wake(set, positions)))
  }

  // What is done

  async function work({ set, positions }: Job): Promise<void> {
    await started
    await logs.reached(positions)
    const [kind, name = ''] = splitSet(set)
    if (kind === 'fleet') await workFleet(name)
    else if (kind === 'endpoints') await workView(name)
    else if (set === DIRECTORY) await workDirectory()
  }

  async function workFleet(name: string): Promise<void> {
    const set = fleetSet(name)
    const mirror = await mirrors.loaded(set)
    const touched = untouched()
    const compiled = compiler.fleet(name, touched)
    markDirty(touched)
    if (!compiled) {
      await board.show(set, compiler.problems().get(set) ?? [])
      return workDirectory()
    }
    // Make before break: the names that it links to, then the fleet, then what it no longer links to.
    if (compiled.links.size > 0) await workView(compiled.view)
    await workDirectory()
    await committer.commit(set, mirror, () => wantedFleet(name, mirror))
    await workDirectory()
    await board.show(set, compiled.problems)
  }

  /** As it is when it is asked for: an event may have come since the job began. */
  function wantedFleet(name: string, mirror: Mirror): Wanted {
    const touched = untouched()
    const compiled = compiler.fleet(name, touched)
    markDirty(touched)
    if (!compiled) return { change: NO_CHANGE, cause: '' }
    const view = viewSet(compiled.view)
    const needs = compiled.links.size > 0 ? { [view]: mirrors.of(view).head?.revision ?? 0 } : {}
    return { change: diff(mirror.entries, compiled.entries), needs, cause: `fleet ${name}` }
  }

  async function workView(id: ViewId): Promise<void> {
    const mirror = await mirrors.loaded(viewSet(id))
    let taken: Set<string> | true | undefined
    try {
      await committer.commit(viewSet(id), mirror, () => {
        taken = joined(taken, dirty.get(id))
        dirty.delete(id)
        return wantedView(id, taken, mirror)
      })
    } catch (error) {
      const left = joined(taken, dirty.get(id))
      if (left) dirty.set(id, left)
      throw error
    }
  }

  function wantedView(id: ViewId, names: ReadonlySet<string> | true | undefined, mirror: Mirror): Wanted {
    const view = compiler.view(id)
    // Nobody knows how this view is made: only a committed fleet names it, and it stays as it is.
    if (view && !view.settings) return { change: NO_CHANGE, cause: '' }
    const every = (): Iterable<string> =>
      new Set([...(view?.names.keys() ?? []), ...[...mirror.entries.values()].map(({ name }) => name)])
    const put: Resource[] = []
    const remove: EntryKey[] = []
    for (const name of names === true ? every() : (names ?? [])) {
      const key = entryKey({ type: ENDPOINTS, name })
      const held = mirror.entries.get(key)
      const made = compiler.assignment(id, name)
      if (made === undefined) {
        if (held) remove.push(key)
      } else if (!held || isLink(held) || held.version !== made.version) put.push(made)
    }
    return { change: { put, remove }, cause: causeOf(put, remove) }
  }

  async function workDirectory(): Promise<void> {
    const mirror = await mirrors.loaded(DIRECTORY)
    await committer.commit(DIRECTORY, mirror, () => {
      const wanted = compileDirectory({
        fleets: new Map(compiler.fleets().map((name) => [name, directoryFleet(name)])),
        sites: world.synced,
        committed: mirror.entries,
        isComplete: isComplete(),
      })
      return { change: diff(mirror.entries, wanted), cause: 'directory' }
    })
  }

  /** Both the views that it links to now and those that it is about to: an edge must follow a view before the link comes. */
  function directoryFleet(name: string): DirectoryFleet | undefined {
    const entry = compiler.directoryEntry(name)
    if (!entry) return undefined
    const compiled = compiler.fleet(name, untouched())
    const views = new Set(compiled && compiled.links.size > 0 ? [viewSet(compiled.view)] : [])
    for (const held of mirrors.of(fleetSet(name)).entries.values()) if (isLink(held)) views.add(held.link)
    return { ...entry, views: [...views].map((set) => splitSet(set)[1] ?? set).sort(byText), retired: false }
  }

  // The life of the store

  async function workAll(): Promise<void> {
    for (const name of compiler.fleets()) await workFleet(name)
    for (const id of [...dirty.keys()]) await workView(id)
    await workDirectory()
  }

  /** Once every site is synced and every set committed, edges may have this generation. */
  async function seal(): Promise<void> {
    await started
    if (!isComplete()) return
    await workAll()
    const id = mirrors.of(DIRECTORY).head?.generation
    if (isSealed || id === undefined) return
    isSealed = await store.seal(id)
    if (isSealed) logger.info({ generation: id }, 'every set is committed: the store is sealed')
  }

  async function renew(): Promise<void> {
    const { id, sealed } = await store.createGeneration()
    isSealed = sealed
    await mirrors.reload()
    if (!sealed) logger.warn({ generation: id }, 'the store is new: filling it')
    inBackground(seal())
  }

  async function check(): Promise<void> {
    const generation = await store.generation()
    if (generation?.id !== mirrors.of(DIRECTORY).head?.generation) await renew()
    else if (generation && !generation.sealed) inBackground(seal())
  }

  async function start(): Promise<void> {
    await persistently('the set store can not be reached', async () => {
      const { sealed } = await store.createGeneration()
      isSealed = sealed
      const directory = await mirrors.loaded(DIRECTORY)
      const fleets = directoryFleets(directory.entries)
      await Promise.all(fleets.map(({ name }) => mirrors.loaded(fleetSet(name))))
    })
    hasStarted = true
  }

  async function persistently(message: string, run: () => Promise<void>): Promise<void> {
    for (let waitMs = 100; !signal.aborted; waitMs = Math.min(waitMs * 2, 5_000)) {
      try {
        return await run()
      } catch (error) {
        logger.warn({ reason: reasonOf(error) }, message)
        await pause(clock, waitMs * (0.5 + random() / 2), signal)
      }
    }
  }

  async function every(periodMs: number, run: () => Promise<void>): Promise<void> {
    await started
    for (;;) {
      await pause(clock, periodMs * (0.8 + random() * 0.4), signal)
      if (signal.aborted) return
      await run().catch((error: unknown) => logger.warn({ reason: reasonOf(error) }, 'the store can not be checked'))
    }
  }

  /** Rings for every set: what a lost doorbell left behind is found, and positions advance everywhere. */
  const sweep = (): Promise<void> => ring(undefined, world.positions())

  function inBackground(task: Promise<unknown>): void {
    task.catch((error: unknown) => {
      if (!signal.aborted) logger.warn({ reason: reasonOf(error) }, 'publishing failed; it is tried again')
    })
  }

  const started = start()
  const working = started.then(() => queue.work(work, signal))
  inBackground(working)
  inBackground(every(GENERATION_CHECK_MS, check))
  inBackground(every(SWEEP_MS, sweep))

  return {
    status() {
      const waitsFor = [
        ...(hasStarted ? [] : ['the set store']),
        ...(world.sites.size > 0 ? [] : ['a site: no watcher has written a log yet']),
        ...[...knownSites()].filter((site) => !world.synced.has(site)).map((site) => `site ${site} to be synced`),
        ...(isSealed ? [] : ['every set to be committed']),
      ]
      const sites = [...world.sites].map((site) => [
        site,
        { synced: world.synced.has(site), n: world.heard(site)?.n ?? 0 },
      ])
      return {
        ready: waitsFor.length === 0,
        waitsFor,
        sites: Object.fromEntries(sites),
        fleets: compiler.fleets(),
        objects: world.size(),
        problems: board.all(),
      }
    },
    settled: () => seal(),
    async close() {
      ending.abort()
      await working.catch(() => undefined)
    },
  }
}

const NO_CHANGE: SetChange = { put: [], remove: [] }

/** `endpoints/abc` → `endpoints`, `abc`. */
function splitSet(set: SetName): readonly [kind: string, name?: string] {
  const at = set.indexOf('/')
  return at < 0 ? [set] : [set.slice(0, at), set.slice(at + 1)]
}

function joined(a: Set<string> | true | undefined, b: Set<string> | true | undefined): Set<string> | true | undefined {
  if (a === true || b === true) return true
  return a && b ? a.union(b) : (a ?? b)
}

const changesLinks = (news: SetNews): boolean =>
  news.kind === 'contents' ||
  news.change.put.some(isLinkEntry) ||
  news.change.remove.some((key) => key.startsWith(`${ENDPOINTS}\n`))
const isLinkEntry = (entry: Entry): boolean => isLink(entry)

function causeOf(put: readonly Resource[], remove: readonly EntryKey[]): string {
  const names = [...put.map(({ name }) => name), ...remove.map((key) => key.slice(key.indexOf('\n') + 1))]
  return names.length > 3
    ? `endpoints of ${names.slice(0, 3).join(', ')} and ${names.length - 3} more`
    : `endpoints of ${names.join(', ')}`
}
