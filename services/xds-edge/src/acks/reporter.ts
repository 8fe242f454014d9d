// Tells the store once a second what changed at this edge's nodes, in one batch, and all of them again before what it
// told expires. A store that does not answer gets the next batch later; nothing waits for it.
import type { Clock } from '@fleetcast/shared/runtime/clock'
import { reasonOf } from '@fleetcast/shared/runtime/failure'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import type { SetStore } from '@fleetcast/shared/store/set-store'
import type { AckBoard } from './ack-board.ts'

const intervalMs = 1000
const ttlSeconds = 60
/** A node that is still is told again after so many intervals. */
const wholeEvery = 20

export function startReporter(options: {
  readonly store: Pick<SetStore, 'putNodes'>
  readonly board: AckBoard
  readonly edge: string
  readonly clock: Clock
  readonly logger: Logger
  readonly signal: AbortSignal
}): void {
  const { store, board, edge, clock, logger, signal } = options
  let round = 0
  /** After a failure everything is told again: what the batch held is not known to be there. */
  let isWholeDue = false
  let cancel = clock.after(intervalMs, report)
  signal.addEventListener('abort', () => cancel(), { once: true })

  function report(): void {
    const changed = board.changed()
    const isWhole = isWholeDue || round++ % wholeEvery === wholeEvery - 1
    const nodes = isWhole ? board.nodes() : changed
    const sent = nodes.length === 0 ? Promise.resolve() : store.putNodes(edge, nodes, ttlSeconds)
    sent
      .then(() => {
        isWholeDue = false
      })
      .catch((error: unknown) => {
        isWholeDue = true
        logger.debug({ reason: reasonOf(error) }, 'the status of nodes could not be stored')
      })
      .finally(() => {
        if (!signal.aborted) cancel = clock.after(intervalMs, report)
      })
  }
}
