// The publisher: follows every site's log, compiles the sets that a change touches and commits them. What a set holds is
// decided in compile, what must come before what in sets; here the parts are joined. Any number of publishers do this
// beside each other: the commit's compare-and-swap decides.
import type { EnvoyTypes } from '@fleetcast/shared/envoy/types'
import type { ObjectLog } from '@fleetcast/shared/log/object-log'
import type { Problem } from '@fleetcast/shared/objects/problem'
import type { JobQueue } from '@fleetcast/shared/queue/job-queue'
import { type Clock, pause, type Random } from '@fleetcast/shared/runtime/clock'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import type { Metrics } from '@fleetcast/shared/runtime/metrics'
import type { Positions, SetName, SetStore } from '@fleetcast/shared/store/set-store'
import { createSetSide, type SetSide } from './set-side.ts'
import { createPromptWork } from './sets/prompt-work.ts'
import { createStateDir, type KeptSite, type StateDir } from './state/state-dir.ts'
import { createUpkeep } from './upkeep.ts'
import { type FollowedLogs, followLogs } from './world/follow-logs.ts'
import { createWorld, type World } from './world/world.ts'

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
  /** Keeps the last synced objects of each site over a restart. */
  readonly stateDir?: string | undefined
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
  const { log, queue, clock, random, logger } = options
  const ending = new AbortController()
  const { signal } = ending
  const world = createWorld()
  const upkeep = createUpkeep({ clock, random, logger, signal })
  const { began, hasBegun, inBackground } = upkeep

  /** Without sets: for all of them. */
  async function ring(names: readonly SetName[] | undefined, positions: Positions): Promise<void> {
    await Promise.all((names ?? sets.all()).map((set) => queue.wake(set, positions)))
  }
  const reached = (positions: Positions): Promise<boolean> => logs.reached(positions)
  const sets: SetSide = createSetSide({ ...options, world, signal, reached, ring, began, hasBegun, inBackground })
  const prompt = createPromptWork({
    clock,
    signal,
    work: sets.work,
    isHeld: (set) => hasBegun() && sets.isHeld(set),
    ring: (set) => inBackground(ring([set], world.positions())),
  })
  const kept = keepSites(options, world)
  const logs: FollowedLogs = followLogs({
    ...{ log, world, clock, random, logger, signal, ring },
    onNews(site, news) {
      kept?.note(site)
      const touched = sets.heardLog(site, news)
      if (news.kind === 'event') prompt.begin(touched)
      return touched
    },
    unfinished: (names, positions) => prompt.unfinished(names, (set) => sets.isCommitted(set, positions)),
  })

  upkeep.start(async () => {
    const sites = (await kept?.load()) ?? []
    for (const { site } of sites) world.expect(site)
    await sets.begin()
    // A log that is there and synced says more than what was kept of it.
    if (sites.length > 0) inBackground(logs.discovered.then(() => carryOver(sites)))
  })
  async function carryOver(sites: readonly KeptSite[]): Promise<void> {
    for (const site of sites.filter((each) => !world.synced.has(each.site))) {
      logger.warn(
        { site: site.site, objects: site.objects.size },
        'the log of a site is not there: what was kept counts',
      )
      await ring(sets.carryOver(site), world.positions())
    }
  }
  const working = began.then(() =>
    queue.work(async ({ set, positions }) => {
      await logs.reached(positions)
      await sets.work(set)
    }, signal),
  )
  inBackground(working)
  upkeep.every(GENERATION_CHECK_MS, sets.life.check)
  // What a lost doorbell left behind is found, and positions advance everywhere.
  upkeep.every(SWEEP_MS, () => ring(undefined, world.positions()))

  return {
    status: () => statusOf(world, sets, hasBegun()),
    async settled() {
      await began
      await logs.discovered
      await sets.life.seal()
      do await pause(clock, DRAIN_POLL_MS, signal)
      while (!signal.aborted && !(prompt.isIdle() && (await queue.idle())))
    },
    async close() {
      ending.abort()
      await working.catch(() => undefined)
      await kept?.flush()
    },
  }
}

function keepSites({ stateDir: folder, sealKey, clock, logger }: PublisherOptions, world: World): StateDir | undefined {
  if (folder === undefined) return undefined
  const now = (site: string): KeptSite | undefined => {
    const usable = world.usable(site)
    return usable && { site, ...usable }
  }
  return createStateDir({ folder, sealKey, clock, logger, now })
}

function statusOf(world: World, sets: SetSide, hasBegun: boolean): PublisherStatus {
  const waitsFor = [
    ...(hasBegun ? [] : ['the set store']),
    ...(world.sites.size > 0 ? [] : ['a site: no watcher has written a log yet']),
    ...[...sets.knownSites()].filter((site) => !world.synced.has(site)).map((site) => waitsForSite(site, sets)),
    ...(sets.life.isSealed ? [] : ['every set to be committed']),
  ]
  const sites = [...world.sites].map((site) => [site, { synced: world.synced.has(site), n: world.heard(site)?.n ?? 0 }])
  return {
    ready: waitsFor.length === 0,
    waitsFor,
    sites: Object.fromEntries(sites),
    fleets: sets.fleets(),
    objects: world.size(),
    problems: sets.board.all(),
  }
}

function waitsForSite(site: string, sets: SetSide): string {
  const [first, ...others] = sets.logProblems(site)
  if (!first) return `site ${site} to be synced`
  const more = others.length > 0 ? ` (and ${others.length} more like it)` : ''
  return `site ${site} to be synced: of its log ${first.place.object} ${first.message}${more}`
}
