// The side of a publisher that looks at the store: what the world is compiled into, what the store holds of it, and the
// work that brings the second to the first. Knows nothing of logs and jobs: what happened is told, and who rings is given.
import type { LogNews, ObjectLog } from '@fleetcast/shared/log/object-log'
import type { Problem } from '@fleetcast/shared/objects/problem'
import { ENDPOINTS } from '@fleetcast/shared/resources/types'
import { DIRECTORY, fleetSet, logSet, viewSet } from '@fleetcast/shared/store/directory'
import { hasReached } from '@fleetcast/shared/store/positions'
import { isLink, type Positions, type SetName, type SetNews } from '@fleetcast/shared/store/set-store'
import { directoryFleets, directorySites } from './compile/compile-directory.ts'
import { createCompiler, setsOf, untouched } from './compile/compiler.ts'
import { createDocuments } from './documents/documents.ts'
import { createReaderThread } from './documents/reader-thread.ts'
import { factsOf } from './fleets/document.ts'
import type { PublisherOptions } from './publisher.ts'
import { createCommitter } from './sets/committer.ts'
import { createDirty } from './sets/dirty.ts'
import { createMirrors } from './sets/mirrors.ts'
import { createProblemBoard, type ProblemBoard } from './sets/problem-board.ts'
import { createSetWork, splitSet } from './sets/set-work.ts'
import { createStoreLife, type StoreLife } from './sets/store-life.ts'
import type { KeptSite } from './state/state-dir.ts'
import type { ViewId } from './views/views.ts'
import { createLogProblems } from './world/log-problems.ts'
import type { World, WorldChange } from './world/world.ts'

export interface SetSide {
  /** Takes news of a site's log into the world; returns the sets that it touched. */
  heardLog(site: string, news: LogNews): readonly SetName[]
  /** Takes what was kept of a site that is silent; returns the sets that it touched. */
  carryOver(kept: KeptSite): readonly SetName[]
  /** Resolves once the set holds what it should. */
  work(set: SetName): Promise<void>
  /** True while the set's last commit was made here. */
  isHeld(set: SetName): boolean
  /** True once what is committed of the set was compiled from the positions or later ones, as far as is known here. */
  isCommitted(set: SetName, positions: Positions): boolean
  /** Makes a generation unless there is one, and reads what is known of the fleets. */
  begin(): Promise<void>
  readonly life: StoreLife
  readonly board: ProblemBoard
  /** What can't be read of a site's log. */
  logProblems(site: string): readonly Problem[]
  fleets(): readonly string[]
  /** Every set that there is work for. */
  all(): readonly SetName[]
  /** Sites that have a log, or that the store's directory knows. */
  knownSites(): ReadonlySet<string>
}

export interface SetSideOptions extends Omit<PublisherOptions, 'log' | 'queue' | 'random'> {
  readonly log: Pick<ObjectLog, 'acceptsSecrets'>
  readonly world: World
  readonly signal: AbortSignal
  readonly reached: (positions: Positions) => Promise<boolean>
  readonly ring: (sets: readonly SetName[], positions: Positions) => Promise<void>
  /** Resolves once `begin` did. */
  readonly began: Promise<void>
  readonly hasBegun: () => boolean
  readonly inBackground: (task: Promise<unknown>) => void
}

export function createSetSide(options: SetSideOptions): SetSide {
  const { log, store, types, clock, logger, metrics, sealKey, world, signal, reached, inBackground } = options
  const dirty = createDirty()
  const logProblems = createLogProblems()
  const board = createProblemBoard({ store, clock, logger, metrics })
  const commits = metrics.counter('fleetcast_publisher_commits_total', 'Commits tried, by result.', ['result'])
  const mirrors = createMirrors({ store, clock, signal, onNews: heardSet })
  const documents = createDocuments({ types, thread: createReaderThread({ clock, signal }) })
  const compiler = createCompiler({
    types,
    sealKey,
    acceptsSecrets: log.acceptsSecrets,
    read: documents.read,
    isPending: documents.isPending,
    committed: (fleet) => mirrors.of(fleetSet(fleet)).entries,
    settled: isComplete,
  })
  const committer = createCommitter({
    store,
    clock,
    signal,
    positions: world.positions,
    reached,
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
    factsOf: (resource) => factsOf(types, resource),
    sites: () => ({ synced: world.synced, areAll: isComplete() }),
    prepare: (fleet) => documents.prepare(compiler.texts(fleet)),
    isPending: (fleet) => compiler.texts(fleet).some(documents.isPending),
  })
  const workAll = async (): Promise<void> => {
    await options.began
    await sets.workAll()
  }
  const life = createStoreLife({ store, mirrors, logger, isComplete, workAll, inBackground })

  function knownSites(): ReadonlySet<string> {
    return world.sites.union(new Set(directorySites(mirrors.of(DIRECTORY).entries)))
  }
  function isComplete(): boolean {
    return world.synced.size > 0 && knownSites().isSubsetOf(world.synced)
  }

  function took(change: () => readonly WorldChange[]): readonly SetName[] {
    const syncedBefore = world.synced.size
    const touched = compiler.apply(change(), world.synced)
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
    if (touched.views.size > 0 && options.hasBegun()) inBackground(options.ring(setsOf(touched), world.positions()))
  }

  return {
    life,
    board,
    knownSites,
    work: sets.work,
    isHeld: (set) => committer.isHeld(set, mirrors.of(set)),
    isCommitted(set, positions) {
      const { head } = mirrors.of(set)
      return head !== undefined && Object.entries(positions).every(([site, at]) => hasReached(head.positions[site], at))
    },
    fleets: compiler.fleets,
    all: () => [...compiler.fleets().map(fleetSet), ...[...compiler.views()].map(viewSet), DIRECTORY],
    heardLog(site, news) {
      if (logProblems.hear(site, news)) inBackground(board.show(logSet(site), logProblems.of(site)))
      return took(() => world.apply(site, news))
    },
    logProblems: logProblems.of,
    carryOver: ({ site, position, objects }) => took(() => world.carryOver(site, position, objects)),
    async begin() {
      await life.begin()
      const directory = await mirrors.loaded(DIRECTORY)
      await Promise.all(directoryFleets(directory.entries).map(({ name }) => mirrors.loaded(fleetSet(name))))
    },
  }
}

const changesLinks = (news: SetNews): boolean =>
  news.kind === 'contents' ||
  news.change.put.some((entry) => isLink(entry)) ||
  news.change.remove.some((key) => key.startsWith(`${ENDPOINTS}\n`))
