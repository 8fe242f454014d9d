// A stream gets a fleet, loses it, or gets another one: the change of fleet is one step from what the client holds to
// what the new fleet has, in the same order and with the same care as any other (rule 6 of the design).
import type { Resource } from '@fleetcast/shared/resources/resource'
import { CLUSTER } from '@fleetcast/shared/resources/types'
import type { FleetHistory } from '../sets/fleet-history.ts'
import { isCovered } from '../sets/subscription.ts'
import { type Holding, type Lane, ownOf } from './lane.ts'
import { laneOf, type StreamState } from './stream-state.ts'

export function attach(stream: StreamState, history: FleetHistory | undefined): void {
  // Held: the lanes stay where they are, so that a later fleet is reached from there.
  stream.isHeld = history === undefined
  if (history === undefined || history === stream.history) return
  const before = stream.history
  stream.history = history
  if (before !== undefined) {
    stream.visited ??= new Set([before.id])
    stream.orderReleasedAt = -1
    stream.removalsReleasedAt = -1
    stream.removalsTimedAt = -1
  }
  for (const lane of stream.lanes) {
    if (before === undefined) enter(lane)
    else move(lane, history, stream.visited?.has(history.id) === true)
  }
  stream.visited?.add(history.id)
  if (before !== undefined) stream.expected = takingEndpoints(stream)
}

/** Which of the new fleet's clusters the client has asked endpoints for, and was sent, is found out one by one (rule 71). */
function takingEndpoints(stream: StreamState): readonly Resource[] {
  const clusters = laneOf(stream, CLUSTER)
  const present = clusters?.history?.covered(clusters.subscription) ?? []
  return [...present].filter(({ endpointsName }) => endpointsName !== undefined)
}

/** Joins the stream's fleet with nothing sent yet. */
export function enter(lane: Lane): void {
  const { history } = lane.stream
  if (history === undefined) return
  lane.history = history.type(lane.type.url)
  lane.group = lane.history.join(lane.subscription)
  lane.group.members.add(lane)
  lane.at = history.seq
  lane.removalsAt = history.seq
}

function move(lane: Lane, fleet: FleetHistory, isReturn: boolean): void {
  const holds = heldBy(lane)
  const { group, history } = lane
  group?.members.delete(lane)
  if (group) history?.left(group)
  enter(lane)
  // Positions of another history mean nothing here.
  lane.answeredAt = -1
  lane.stepTo = -1
  lane.refusedAt = fleet.seq
  lane.sharedMark = isReturn ? Number.POSITIVE_INFINITY : -1
  lane.own?.due.clear()
  lane.own?.owed.clear()
  const next = lane.history
  if (next === undefined) return
  // Everything is sent anyway where the first answer is still due.
  const isWhole = lane.own?.whole === true
  for (const present of isWhole ? [] : next.covered(lane.subscription)) {
    const held = holds.get(present.name)
    if (!held?.isExact || held.body?.version !== present.version) ownOf(lane).due.add(present.name)
  }
  for (const [name, held] of holds) {
    if (next.get(name) !== undefined) continue
    ownOf(lane).owed.set(name, held)
    ownOf(lane).owedAt = fleet.seq
  }
}

/** What the client was sent and not told to drop. */
function heldBy(lane: Lane): Map<string, Holding> {
  const { history, group, subscription, own } = lane
  const holds = new Map<string, Holding>()
  // Not answered yet: what the client says that it holds is looked at with the first answer.
  if (history === undefined || group === undefined || (own?.whole && lane.nonce === '')) return holds
  const missed = lane.at < group.lastTouch ? history.changedSince(lane.at) : undefined
  const isExact = (name: string): boolean => !missed?.has(name) && !own?.due.has(name) && !own?.asked.has(name)
  for (const body of history.covered(subscription)) holds.set(body.name, { body, isExact: isExact(body.name) })
  for (const { resource: body } of history.removedSince(lane.removalsAt))
    if (isCovered(subscription, body) && !holds.has(body.name))
      // It may have come and gone without ever being sent.
      holds.set(body.name, { body, isExact: false })
  for (const [name, held] of own?.owed ?? []) if (!holds.has(name)) holds.set(name, held)
  return holds
}
