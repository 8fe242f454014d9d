// A client's ACK or NACK of the response that is outstanding on a lane. Never sends: the caller pumps afterwards.
import { CLUSTER, LISTENER, SCOPED_ROUTES } from '@fleetcast/shared/resources/types'
import type { Lane } from './lane.ts'
import type { Request, Response } from './messages.ts'
import { areExpectedAnswered, expectNoMore } from './order.ts'

/** Takes the answer to the last response of the lane. */
export function answer(lane: Lane, error: Request['error']): void {
  const { stream, step } = lane
  const response = step?.parts[lane.part]
  if (step === undefined || response === undefined) return
  lane.isAwaiting = false
  if (error === undefined) accept(lane, response)
  else refuse(lane, response)
  if (lane.part >= step.parts.length - 1) finish(lane, error === undefined)
  // Rule 15: error_detail alone makes a NACK.
  if (error === undefined) stream.effects.acked(response.type, response.version, response.nonce)
  else stream.effects.rejected(response.type, response.version, response.nonce, error.message)
}

function accept(lane: Lane, response: Response): void {
  const { refused } = lane
  if (refused === undefined) return
  // A full state that was accepted leaves nothing refused; a part speaks for what it holds.
  if (refused === 'all') lane.refused = undefined
  else {
    for (const { name, aliases = [] } of response.resources) {
      refused.delete(name)
      // An alias that stood for nothing was refused by its own name.
      for (const alias of aliases) refused.delete(alias)
    }
    for (const name of response.removed) refused.delete(name)
    if (refused.size === 0) lane.refused = undefined
  }
}

/** Rule 19: the client may have applied some of it. All of it counts as refused until something newer is accepted. */
function refuse(lane: Lane, response: Response): void {
  lane.refusedAt = lane.stepTo
  if (response.variant === 'sotw' && lane.type.full) {
    lane.refused = 'all'
    return
  }
  if (response.resources.length === 0) return
  const refused = lane.refused instanceof Set ? lane.refused : new Set<string>()
  for (const { name } of response.resources) refused.add(name)
  lane.refused = refused
}

/** The whole step is answered. */
function finish(lane: Lane, isAccepted: boolean): void {
  const { stream, step, own } = lane
  const isStillDue = own !== undefined && (own.whole || own.due.size > 0)
  if (!isStillDue) lane.answeredAt = Math.max(lane.answeredAt, lane.stepTo)
  lane.step = undefined
  if (lane.type.url === CLUSTER && !isAccepted && step !== undefined) expectNoMore(stream, step.added)
  if (stream.expected.length > 0) areExpectedAnswered(stream)
  if ((lane.type.url === LISTENER || lane.type.url === SCOPED_ROUTES) && stream.isAggregated) {
    stream.isListenerNew = true
    stream.isSettleTimed = false
  }
}
