// Brings a site's log to what the mirror wants, for one term of leading: one append at a time, what comes meanwhile is merged.
// Between a change and its append stands no timer. Never writes once it was deposed.
import type { AppendResult, LogState, ObjectLog, Position } from '@fleetcast/shared/log/object-log'
import { createBackoff } from '@fleetcast/shared/runtime/backoff'
import { afterSilence, type Clock, pause, type Random } from '@fleetcast/shared/runtime/clock'
import { reasonOf } from '@fleetcast/shared/runtime/failure'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import { unreachable } from '@fleetcast/shared/runtime/unreachable'
import type { Mirror } from './mirror.ts'
import type { WatcherMetrics } from './watcher-metrics.ts'

/** While the site is not synced nobody uses its log, so that a first fill may come in parts; later a list is one append (rule 4). */
const FILL_CHANGES = 500
const HEARTBEAT_MS = 1_000

export interface LogWriter {
  /** Appends and heartbeats until the signal aborts or another leader deposes this one. */
  run(signal: AbortSignal): Promise<void>
  /** Something waits in the mirror, or the first lists are all in. */
  wake(): void
  position(): Position
  synced(): boolean
  /** Why the log can't be written at present. */
  trouble(): string | undefined
}

export interface LogWriterDeps {
  readonly site: string
  readonly epoch: number
  /** What the log held when this term began. */
  readonly state: LogState
  readonly mirror: Mirror
  /** True once the first list of every kind is in. */
  readonly complete: () => boolean
  readonly log: ObjectLog
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: WatcherMetrics
}

export function createLogWriter(deps: LogWriterDeps): LogWriter {
  const { site, epoch, mirror, complete, log, clock, random, logger, metrics } = deps
  const backoff = createBackoff({ minMs: 50, maxMs: 2_000, random })
  let base = deps.state.position
  let synced = deps.state.synced
  let trouble: string | undefined
  let contactAt = clock.now()
  let deposed = false
  let wake: (() => void) | undefined
  let woken = false
  let stopListening: (() => void) | undefined

  /** True when the log answered that all is well. */
  const accept = async (result: AppendResult): Promise<boolean> => {
    switch (result.kind) {
      case 'appended':
        base = result.position
        contactAt = clock.now()
        trouble = undefined
        backoff.reset()
        return true
      case 'deposed':
        deposed = true
        logger.warn({ site, epoch }, 'another watcher leads the site now')
        return false
      case 'lost':
        await recover()
        return false
      default:
        return unreachable(result)
    }
  }

  /**
   * The log is not what this leader last saw. Nobody else can have appended under this epoch, so a log of the same generation
   * that is no shorter holds an append whose answer was lost; anything else was lost itself and is filled anew.
   */
  const recover = async (): Promise<void> => {
    const state = await log.read(site)
    if (state && state.position.generation === base.generation && state.position.n >= base.n) {
      base = state.position
      synced = state.synced
      trouble = undefined
      mirror.restart(state.objects)
      return
    }
    logger.warn({ site }, 'the log was lost: filling a new one')
    metrics.renewals.inc()
    const result = await log.renew(site, epoch)
    if (result.kind === 'lost') throw new Error('the log could not be started anew')
    if (await accept(result)) {
      synced = false
      mirror.restart(new Map())
    }
  }

  const write = async (): Promise<void> => {
    const changes = mirror.take(synced ? Number.POSITIVE_INFINITY : FILL_CHANGES)
    const marks = !synced && complete() && !mirror.waiting()
    if (changes.length === 0 && !marks) return
    const began = clock.now()
    const result = await log.append({ site, epoch, base, changes, ...(marks ? { synced: true } : {}) })
    if (!(await accept(result))) return
    mirror.settle(changes)
    metrics.appended(changes.length, clock.now() - began)
    if (!marks) return
    synced = true
    logger.info({ site, position: base.n }, 'the site is synced')
  }

  const due = (): boolean => mirror.waiting() || (!synced && complete())

  const step = async (signal: AbortSignal): Promise<void> => {
    try {
      if (trouble !== undefined) await recover()
      else if (due()) await write()
      else if (clock.now() - contactAt >= HEARTBEAT_MS) await accept(await log.heartbeat(site, epoch, base))
      else await rest()
    } catch (error) {
      // Whether an append that failed was written is unknown: the log says so once it can be read.
      if (trouble === undefined) logger.warn({ site, reason: reasonOf(error) }, 'the log can not be written')
      trouble = reasonOf(error)
      await pause(clock, backoff.next(), signal)
    }
  }

  /** Until something waits, a heartbeat is due, or it is to end. */
  const rest = (): Promise<void> =>
    new Promise((resolve) => {
      if (woken) {
        woken = false
        return resolve()
      }
      wake = () => {
        wake = undefined
        resolve()
      }
      // One timer for all rests, as long as there is contact.
      stopListening ??= afterSilence(clock, HEARTBEAT_MS, () => contactAt, wakeInSilence)
    })
  const wakeInSilence = (): void => {
    stopListening = undefined
    wake?.()
  }

  return {
    async run(signal) {
      const end = (): void => wake?.()
      signal.addEventListener('abort', end)
      while (!signal.aborted && !deposed) await step(signal)
      signal.removeEventListener('abort', end)
      stopListening?.()
    },
    wake() {
      if (wake) wake()
      else woken = true
    },
    position: () => base,
    synced: () => synced,
    trouble: () => trouble,
  }
}
