// The publisher: follows every site's log, compiles the sets that a change touches and commits them. What a set holds is
// decided in compile, what must come before what in sets; here the parts are joined. Any number of publishers do this
// beside each other: the commit's compare-and-swap decides.
import type { EnvoyTypes } from '@fleetcast/shared/envoy/types'
import type { LogNews, ObjectLog } from '@fleetcast/shared/log/object-log'
import type { Problem } from '@fleetcast/shared/objects/problem'
import type { JobQueue } from '@fleetcast/shared/queue/job-queue'
import { ENDPOINTS } from '@fleetcast/shared/resources/types'
import { type Clock, pause, type Random } from '@fleetcast/shared/runtime/clock'
import { reasonOf } from '@fleetcast/shared/runtime/failure'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import type { Metrics } from '@fleetcast/shared/runtime/metrics'
import { DIRECTORY, fleetSet, viewSet } from '@fleetcast/shared/store/directory'
import { isLink, type Positions, type SetName, type SetNews, type SetStore } from '@fleetcast/shared/store/set-store'
import { directoryFleets, directorySites } from './compile/compile-directory.ts'
import { createCompiler, setsOf, untouched } from './compile/compiler.ts'
import { readFleetDocument, referencesOf } from './fleets/document.ts'
import { createCommitter } from './sets/committer.ts'
import { createDirty } from './sets/dirty.ts'
import { createMirrors } from './sets/mirrors.ts'
import { createProblemBoard } from './sets/problem-board.ts'
import { createSetWork, splitSet } from './sets/set-work.ts'
import { createStoreLife } from './sets/store-life.ts'
import type { ViewId } from './views/views.ts'
import { followLogs } from './world/follow-logs.ts'
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
  /** Resolves once nothing is left to do: every site that has a log was read, every set committed, no job waits. */
  settled(): Promise<void>
  /** Ends following and working; resolves when the running jobs are done. */
  close(): Promise<void>
}

const GENERATION_CHECK_MS = 5_000
const SWEEP_MS = 30_000
const DRAIN_POLL_MS = 50

export function createPublisher(options: PublisherOptions): Publisher {
  const { log, store, queue, types, clock, random, logger, metrics, sealKey } = options
  const ending = new AbortController()
  const { signal } = ending
  const world = createWorld()
  const dirty = createDirty()
  const board = createProblemBoard({ store, logger, metrics })
  const commits = metrics.counter('fleetcast_publisher_commits_total', 'Commits tried, by result.', ['result'])
  let hasBegun = false

  const mirrors = createMirrors({ store, clock, signal, onNews: heardSet })
  const compiler = createCompiler({
    types,
    sealKey,
    acceptsSecrets: log.acceptsSecrets,
    read: (key, text) => readFleetDocument(types, key, text),
    committed: (fleet) => mirrors.of(fleetSet(fleet)).entries,
    settled: isComplete,
  })
  const logs = followLogs({ log, world, clock, random, logger, signal, onNews: heardLog, ring })
  const committer = createCommitter({
    store,
    clock,
    signal,
    positions: world.positions,
    reached: logs.reached,
    catchUp: mirrors.catchUp,
    renew: () => life.renew(),
    onResult: (result) => commits.inc({ result }),
  })
  const sets = createSetWork({
    compiler,
    mirrors,
    committer,
    board,
    dirty,
    store,
    sealKey,
    references: (resource) => referencesOf(types, resource),
    sites: () => ({ synced: world.synced, areAll: isComplete() }),
  })
  const life = createStoreLife({
    store,
    mirrors,
    logger,
    isComplete,
    workAll: async () => {
      await began
      await sets.workAll()
    },
    inBackground,
  })

  function knownSites(): ReadonlySet<string> {
    return world.sites.union(new Set(directorySites(mirrors.of(DIRECTORY).entries)))
  }
  function isComplete(): boolean {
    return world.synced.size > 0 && knownSites().isSubsetOf(world.synced)
  }

  function heardLog(site: string, news: LogNews): readonly SetName[] {
    const syncedBefore = world.synced.size
    const touched = compiler.apply(world.apply(site, news), world.synced)
    dirty.mark(touched)
    if (world.synced.size === syncedBefore) {
      return touched.fleets.size > 0 ? [...setsOf(touched), DIRECTORY] : setsOf(touched)
    }
    inBackground(life.seal())
    return [...setsOf(touched), DIRECTORY]
  }

  function heardSet(set: SetName, isWhole: boolean, news: SetNews): void {
    const [kind, name = ''] = splitSet(set)
    if (isWhole && kind === 'endpoints') dirty.markView(name, 'all')
    if (isWhole && kind === 'fleet') dirty.mark({ fleets: new Set([name]), views: new Map() })
    if (kind === 'fleet' && (isWhole || changesLinks(news))) holdCommitted(name)
    // Another publisher's fleets: what they link to must be known before a view is compiled.
    if (set === DIRECTORY) {
      for (const fleet of directoryFleets(mirrors.of(DIRECTORY).entries)) mirrors.of(fleetSet(fleet.name))
    }
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
    dirty.mark(touched)
    if (touched.views.size > 0 && hasBegun) inBackground(ring(setsOf(touched), world.positions()))
  }

  /** Without sets: for all of them. */
  async function ring(names: readonly SetName[] | undefined, positions: Positions): Promise<void> {
    const all = names ?? [...compiler.fleets().map(fleetSet), ...[...compiler.views()].map(viewSet), DIRECTORY]
    await Promise.all(all.map((set) => queue.wake(set, positions)))
  }

  async function begin(): Promise<void> {
    for (let waitMs = 100; !signal.aborted; waitMs = Math.min(waitMs * 2, 5_000)) {
      try {
        await life.begin()
        const directory = await mirrors.loaded(DIRECTORY)
        await Promise.all(directoryFleets(directory.entries).map(({ name }) => mirrors.loaded(fleetSet(name))))
        hasBegun = true
        return
      } catch (error) {
        logger.warn({ reason: reasonOf(error) }, 'the set store can not be reached')
        await pause(clock, waitMs * (0.5 + random() / 2), signal)
      }
    }
  }

  async function every(periodMs: number, run: () => Promise<void>): Promise<void> {
    await began
    for (;;) {
      await pause(clock, periodMs * (0.8 + random() * 0.4), signal)
      if (signal.aborted) return
      await run().catch((error: unknown) => logger.warn({ reason: reasonOf(error) }, 'the store can not be checked'))
    }
  }

  function inBackground(task: Promise<unknown>): void {
    task.catch((error: unknown) => {
      if (!signal.aborted) logger.warn({ reason: reasonOf(error) }, 'publishing failed; it is tried again')
    })
  }

  const began = begin()
  const working = began.then(() =>
    queue.work(async ({ set, positions }) => {
      await logs.reached(positions)
      await sets.work(set)
    }, signal),
  )
  inBackground(working)
  inBackground(every(GENERATION_CHECK_MS, life.check))
  // What a lost doorbell left behind is found, and positions advance everywhere.
  inBackground(every(SWEEP_MS, () => ring(undefined, world.positions())))

  return {
    status() {
      const waitsFor = [
        ...(hasBegun ? [] : ['the set store']),
        ...(world.sites.size > 0 ? [] : ['a site: no watcher has written a log yet']),
        ...[...knownSites()].filter((site) => !world.synced.has(site)).map((site) => `site ${site} to be synced`),
        ...(life.isSealed ? [] : ['every set to be committed']),
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
    async settled() {
      await began
      await logs.discovered
      await life.seal()
      do await pause(clock, DRAIN_POLL_MS, signal)
      while (!signal.aborted && !(await queue.idle()))
    },
    async close() {
      ending.abort()
      await working.catch(() => undefined)
    },
  }
}

const changesLinks = (news: SetNews): boolean =>
  news.kind === 'contents' ||
  news.change.put.some((entry) => isLink(entry)) ||
  news.change.remove.some((key) => key.startsWith(`${ENDPOINTS}\n`))
