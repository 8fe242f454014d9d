// The watcher of one site: while it leads, its log follows its source. Knows nothing of Envoy or fleets. Only a list that
// completed or a delete event removes an object, and nothing is removed because this process, the source or the log went away.
import type { Leadership } from '@fleetcast/shared/log/leadership'
import type { LogState, ObjectLog } from '@fleetcast/shared/log/object-log'
import type { Kind } from '@fleetcast/shared/objects/object'
import type { Problem } from '@fleetcast/shared/objects/problem'
import { createBackoff } from '@fleetcast/shared/runtime/backoff'
import { type Clock, pause, type Random } from '@fleetcast/shared/runtime/clock'
import { reasonOf } from '@fleetcast/shared/runtime/failure'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import type { Metrics } from '@fleetcast/shared/runtime/metrics'
import { createLogWriter, type LogWriter } from './log-writer.ts'
import { createMirror, type Mirror } from './mirror.ts'
import { createProblemBook } from './problem-book.ts'
import type { Sink, Source } from './source/source.ts'
import { createWatcherMetrics } from './watcher-metrics.ts'
import { withoutSecrets } from './without-secrets.ts'

export interface WatcherDeps {
  readonly site: string
  readonly source: Source
  readonly log: ObjectLog
  readonly leadership: Leadership
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: Metrics
}

export interface Watcher {
  /** Until the signal aborts; the lead is handed back before it resolves. */
  run(signal: AbortSignal): Promise<void>
  /** What keeps it from doing its work, a line each. A watcher that stands by for another is ready. */
  missing(): readonly string[]
  /** For `/status`; plain JSON. */
  status(): WatcherStatus
  problems(): readonly Problem[]
  /** Told after every change of the problems, until the returned function is called. */
  onProblems(tell: (problems: readonly Problem[]) => void): () => void
}

export interface WatcherStatus {
  readonly site: string
  readonly source: string
  readonly standing: 'leads' | 'waits' | 'unknown'
  readonly epoch?: number
  readonly position?: { readonly generation: string; readonly n: number }
  readonly synced: boolean
  readonly objects: Readonly<Partial<Record<Kind, number>>>
  readonly missing: readonly string[]
  /** Why parts of the source can't be read at present. */
  readonly waiting: Readonly<Record<string, string>>
  readonly problems: readonly Problem[]
}

/** One time of leading: begins with an election in the log, ends with the lead. */
interface Term {
  readonly epoch: number
  readonly mirror: Mirror
  readonly writer: LogWriter
  /** True once the first list of every kind is in. */
  readonly complete: () => boolean
}

export function createWatcher(deps: WatcherDeps): Watcher {
  const { site, source, log, leadership, clock, random, logger } = deps
  const metrics = createWatcherMetrics(deps.metrics)
  const book = createProblemBook({ site, logger })
  book.onChange((all) => metrics.problems.set(all.length))
  const waiting = new Map<string, string>()
  let term: Term | undefined
  let trouble: string | undefined

  const elect = async (signal: AbortSignal): Promise<{ epoch: number; state: LogState } | undefined> => {
    const backoff = createBackoff({ minMs: 100, maxMs: 5_000, random })
    while (!signal.aborted) {
      try {
        const epoch = await log.elect(site)
        const state = await log.read(site)
        trouble = undefined
        if (state) return { epoch, state }
      } catch (error) {
        if (trouble === undefined) logger.warn({ site, reason: reasonOf(error) }, 'waiting for the log')
        trouble = reasonOf(error)
      }
      await pause(clock, backoff.next(), signal)
    }
    return undefined
  }

  const runTerm = async (signal: AbortSignal): Promise<void> => {
    const elected = await elect(signal)
    if (!elected || signal.aborted) return
    const ended = new AbortController()
    const until = AbortSignal.any([signal, ended.signal])
    const mirror = createMirror(elected.state.objects)
    const listed = new Set<Kind>()
    const complete = (): boolean => source.kinds.every((kind) => listed.has(kind))
    const writer = createLogWriter({ ...deps, ...elected, mirror, complete, metrics })
    term = { epoch: elected.epoch, mirror, writer, complete }
    metrics.leading.set(1)
    logger.info({ site, epoch: elected.epoch, source: source.name }, 'leading the site')
    const sink = sinkOf(mirror, listed, writer)
    const sourced = source.run(log.acceptsSecrets ? sink : withoutSecrets(sink), until)
    await writer.run(until)
    // Deposed or stopped: the source must be quiet before anybody else may lead.
    ended.abort()
    await sourced
    term = undefined
    waiting.clear()
    book.clear()
    metrics.leading.set(0)
  }

  const sinkOf = (mirror: Mirror, listed: Set<Kind>, writer: LogWriter): Sink => ({
    listed(list) {
      metrics.seen(list.objects.size, mirror.list(list))
      for (const kind of list.kinds) listed.add(kind)
      writer.wake()
    },
    changed(changes) {
      const differ = mirror.change(changes)
      metrics.seen(changes.length, differ)
      if (differ > 0) writer.wake()
    },
    problems: book.set,
    waiting(about, reason) {
      const before = waiting.get(about)
      if (reason === undefined) waiting.delete(about)
      else waiting.set(about, reason)
      if (reason !== undefined && before === undefined) logger.warn({ site, about, reason }, 'waiting for the source')
      if (reason === undefined && before !== undefined) logger.info({ site, about }, 'the source answers again')
    },
  })

  const missing = (): readonly string[] => {
    const standing = leadership.standing()
    if (standing === 'unknown') return [`site ${site}: the leader lock can not be asked`]
    if (standing === 'waits') return []
    if (!term) return [`site ${site}: the log can not be reached${trouble ? `: ${trouble}` : ''}`]
    const down = term.writer.trouble()
    if (down) return [`site ${site}: the log can not be written: ${down}`]
    if (term.complete() && term.writer.synced()) return []
    const reasons = [...waiting].map(([about, reason]) => `site ${site}: ${about}: ${reason}`)
    return reasons.length > 0 ? reasons : [`site ${site}: the first lists are not in`]
  }

  return {
    run: (signal) => leadership.lead(runTerm, signal),
    missing,
    status: () => ({
      site,
      source: source.name,
      standing: leadership.standing(),
      ...(term ? { epoch: term.epoch, position: term.writer.position() } : {}),
      synced: term?.writer.synced() ?? false,
      objects: term?.mirror.counts() ?? {},
      missing: missing(),
      waiting: Object.fromEntries(waiting),
      problems: book.all(),
    }),
    problems: book.all,
    onProblems: book.onChange,
  }
}
