// What a publisher does by the clock: begins as soon as the store can be reached, then looks at things from time to time.
// What fails is told and tried again; nothing here ends the process.
import { createBackoff } from '@fleetcast/shared/runtime/backoff'
import { type Clock, pause, type Random } from '@fleetcast/shared/runtime/clock'
import { reasonOf } from '@fleetcast/shared/runtime/failure'
import type { Logger } from '@fleetcast/shared/runtime/logger'

export interface Upkeep {
  /** Resolves once it began, or ends. */
  readonly began: Promise<void>
  hasBegun(): boolean
  /** Begins now, trying until it is done. */
  start(begin: () => Promise<void>): void
  /** Runs about so often, once it began. */
  every(periodMs: number, run: () => Promise<void>): void
  /** Lets a task fail without a trace but a line in the log: it is tried again by what comes next. */
  inBackground(task: Promise<unknown>): void
}

export function createUpkeep(deps: {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly signal: AbortSignal
}): Upkeep {
  const { clock, random, logger, signal } = deps
  const { promise: began, resolve } = Promise.withResolvers<void>()
  let isDone = false

  function inBackground(task: Promise<unknown>): void {
    task.catch((error: unknown) => {
      if (!signal.aborted) logger.warn({ reason: reasonOf(error) }, 'publishing failed; it is tried again')
    })
  }
  async function tryToBegin(begin: () => Promise<void>): Promise<void> {
    const backoff = createBackoff({ minMs: 100, maxMs: 5_000, random })
    while (!signal.aborted && !isDone) {
      try {
        await begin()
        isDone = true
      } catch (error) {
        logger.warn({ reason: reasonOf(error) }, 'the set store can not be reached')
        await pause(clock, backoff.next(), signal)
      }
    }
    resolve()
  }
  async function repeat(periodMs: number, run: () => Promise<void>): Promise<void> {
    await began
    for (;;) {
      await pause(clock, periodMs * (0.8 + random() * 0.4), signal)
      if (signal.aborted) return
      await run().catch((error: unknown) => logger.warn({ reason: reasonOf(error) }, 'the store can not be checked'))
    }
  }

  return {
    began,
    hasBegun: () => isDone,
    start: (begin) => inBackground(tryToBegin(begin)),
    every: (periodMs, run) => inBackground(repeat(periodMs, run)),
    inBackground,
  }
}
