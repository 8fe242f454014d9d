// A stream gets a fleet, loses it, or gets another one: the change of fleet is one step from what the client holds to
// what the new fleet has, in the same order and with the same care as any other (rule 6 of the design).
import type { Resource } from '@fleetcast/shared/resources/resource'
import type { FleetHistory } from '../sets/fleet-history.ts'
import { isCovered } from '../sets/subscription.ts'
import { type Lane, ownOf } from './lane.ts'
import type { StreamState } from './stream-state.ts'

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
    stream.expected = []
  }
  for (const lane of stream.lanes) {
    if (before === undefined) enter(lane)
    else move(lane, history, stream.visited?.has(history.id) === true)
  }
  stream.visited?.add(history.id)
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
  lane.sharedMark = isReturn ? Number.POSITIVE_INFINITY : -1
  const next = lane.history
  const isFirst = lane.own?.whole === true
  if (next === undefined || isFirst) return
  for (const present of next.covered(lane.subscription))
    if (holds.get(present.name)?.version !== present.version) ownOf(lane).due.add(present.name)
  for (const [name, body] of holds) {
    if (next.get(name) !== undefined) continue
    ownOf(lane).owed.set(name, body ?? undefined)
    ownOf(lane).owedAt = fleet.seq
  }
}

/** What the client was sent and not told to drop: exact where it is in step, with null for what it may hold in another version. */
function heldBy(lane: Lane): Map<string, Resource | null> {
  const { history, group, subscription, own } = lane
  const holds = new Map<string, Resource | null>()
  if (history === undefined || group === undefined) return holds
  for (const present of history.covered(subscription)) holds.set(present.name, present)
  for (const { resource } of history.removedSince(lane.removalsAt))
    if (isCovered(subscription, resource) && !holds.has(resource.name)) holds.set(resource.name, resource)
  if (lane.at < group.lastTouch)
    for (const name of history.changedSince(lane.at).keys()) if (holds.has(name)) holds.set(name, null)
  for (const name of own?.due ?? []) if (holds.has(name)) holds.set(name, null)
  for (const [name, body] of own?.owed ?? []) if (!holds.has(name)) holds.set(name, body ?? null)
  return holds
}
