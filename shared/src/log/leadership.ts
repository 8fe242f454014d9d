// Who may write a site's log: one process at a time. Leading is safe without it (an append carries the leader's epoch, rule
// of the log), it only keeps several processes from working against each other.
import { type Clock, pause, type Random } from '../runtime/clock.ts'
import { reasonOf } from '../runtime/failure.ts'
import type { Logger } from '../runtime/logger.ts'

export interface Leadership {
  /**
   * Calls `run` whenever this process leads, never twice at a time. Its signal aborts when leading ends (lost, or `signal`);
   * leading is given up when `run` has ended. Resolves once `signal` aborted, `run` ended and the lead was handed back.
   */
  lead(run: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>
  /** `waits`: another leads. `unknown`: whoever decides it could not be asked. */
  standing(): Standing
}

export type Standing = 'leads' | 'waits' | 'unknown'

/** A lock that expires by itself. Throws where what holds it can't be asked. */
export interface Lock {
  /** True while this process holds it, taken or renewed by this call. */
  hold(signal: AbortSignal): Promise<boolean>
  /** Gives it up at once, if it is held; for a clean stop. */
  release(): Promise<void>
}

/** For a log that nobody else can write: the one in memory. */
export const alwaysLeads: Leadership = {
  async lead(run, signal) {
    if (!signal.aborted) await run(signal)
  },
  standing: () => 'leads',
}

export interface ElectionOptions {
  readonly lock: Lock
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Leading ends when the lock could not be renewed for so long; less than the time after which it expires. */
  readonly renewDeadlineMs?: number
  readonly retryMs?: number
}

/** Elections over a lock that expires, as Kubernetes' own leader election does them. */
export function createElection(options: ElectionOptions): Leadership {
  const { lock, clock, random, logger, renewDeadlineMs = 7_000, retryMs = 1_000 } = options
  const jittered = (): number => retryMs * (1 + random() * 0.2)

  let standing: Standing = 'unknown'

  const tryHold = async (signal: AbortSignal): Promise<Standing> => {
    try {
      standing = (await lock.hold(signal)) ? 'leads' : 'waits'
      return standing
    } catch (error) {
      if (!signal.aborted) logger.warn({ reason: reasonOf(error) }, 'the leader lock can not be reached')
      standing = 'unknown'
      return standing
    }
  }

  /** Renews until the lock is another's or could not be renewed within the deadline; then ends the term. */
  const keep = async (term: AbortController, signal: AbortSignal): Promise<void> => {
    const end = (): void => term.abort()
    let disarm = clock.after(renewDeadlineMs, end)
    while (!signal.aborted) {
      await pause(clock, retryMs, signal)
      if (signal.aborted) break
      const began = clock.now()
      const outcome = await tryHold(signal)
      if (outcome === 'waits') end()
      if (outcome !== 'leads') continue
      disarm()
      disarm = clock.after(renewDeadlineMs - (clock.now() - began), end)
    }
    disarm()
  }

  const lead = async (run: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> => {
    const term = new AbortController()
    const both = AbortSignal.any([signal, term.signal])
    const kept = keep(term, both)
    try {
      await run(both)
    } finally {
      term.abort()
      await kept
      await lock
        .release()
        .catch((error) => logger.warn({ reason: reasonOf(error) }, 'the leader lock stays until it expires'))
    }
  }

  return {
    async lead(run, signal) {
      while (!signal.aborted) {
        if ((await tryHold(signal)) === 'leads') await lead(run, signal)
        await pause(clock, jittered(), signal)
      }
    },
    standing: () => standing,
  }
}
