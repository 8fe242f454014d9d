// The one generic step, for every type and both variants: what a lane sends now, if anything. All state is written
// before an effect is called, because the answer may come before the effect returns. Knows no clock and no wire.
import { CLUSTER, ENDPOINTS, VIRTUAL_HOST } from '@fleetcast/shared/resources/types'
import { type Group, nextTouch, placeAt, stepOnce } from '../sets/group.ts'
import { isCovered } from '../sets/subscription.ts'
import { addDue, holdOutdated, type Lane, type Own, owesRemovals, ownOf, type Step } from './lane.ts'
import type { HeldVersions } from './messages.ts'
import { expectEndpoints, hasParents, isParent, mayAdvance, mayRemoveThrough } from './order.ts'
import { type Span, stepOver, stepOwn, stepWhole, takesTtl } from './response.ts'
import { laneOf, type StreamState } from './stream-state.ts'

/** How long a change waits for the answers that come before it in order. */
export const ORDER_WAIT_MS = 5_000
/** How long a client has to ask for what a new listener refers to, or for what refers to the things it came with. */
export const SETTLE_WAIT_MS = 500
/** More assignments than these are not remembered one by one for a client that has yet to ask for endpoints. */
const SENT_ENDPOINTS_MAX = 64

/** Sends whatever is due on any lane, in send order; again where that freed a lane that comes earlier. */
export function pumpAll(stream: StreamState): void {
  let blocked: number
  do {
    blocked = stream.blocked
    for (const lane of [...stream.lanes]) pump(lane)
  } while (stream.blocked < blocked && stream.blocked > 0)
}

/** Sends what is due on the lane and may go now. At most one response is outstanding (rule 7 of the design). */
export function pump(lane: Lane): void {
  const { stream, group, history } = lane
  if (stream.isHeld || stream.isClosed || stream.history === undefined || stream.history.seq === 0) return
  if (group === undefined || history === undefined || lane.isAwaiting) return
  if (lane.step !== undefined) {
    sendPart(lane)
    return
  }
  if (lane.own === undefined && lane.at >= group.lastTouch && lane.removalsAt >= group.lastRemoval) {
    setWaiting(lane, 'nothing')
    return
  }
  const isOpen = mayAdvance(lane)
  // Endpoints that were asked for are answered in any order (rule 78); the rest keeps its place.
  const isAskedOnly = !isOpen && lane.type.url === ENDPOINTS && (lane.own?.asked.size ?? 0) > 0 && !lane.own?.whole
  if (isOpen || isAskedOnly) advance(lane, group, isOpen)
  else setWaiting(lane, 'order')
}

function advance(lane: Lane, group: Group, isOpen: boolean): void {
  const { own, history } = lane
  if (own?.whole && isOpen) oweVanished(lane, own, group)
  const through = removalsThrough(lane)
  const from = placeAt(group, lane.at)
  const removalsFrom = Math.min(lane.removalsAt, group.lastRemoval)
  const span: Span = {
    from,
    to: isOpen ? Math.max(from, group.lastTouch) : from,
    removalsFrom,
    removalsTo: isOpen ? Math.min(Math.max(through, lane.removalsAt), group.lastRemoval) : removalsFrom,
  }
  const mayDrop = isOpen && own !== undefined && through >= own.owedAt
  const isShared = own === undefined || isPlainWhole(own)
  const step = isShared ? sharedStep(lane, group, span, own?.held) : ownStep(lane, span, own, isOpen, mayDrop)
  const isWhole = own?.whole === true
  const wasDue = own !== undefined && (own.whole || own.due.size > 0)
  const isHeldBack = isOpen && span.removalsTo < group.lastRemoval && isParent(lane)
  const unsent = isHeldBack ? [...(own?.due ?? [])].filter((name) => history?.get(name) === undefined) : []
  if (own !== undefined) settleOwn(lane, own, isOpen, mayDrop)
  // What was due and is gone: the client has what it was before, which may refer to anything until it is dropped.
  for (const name of unsent) owe(lane, name)
  if (!wasDue) lane.answeredAt = Math.max(lane.answeredAt, lane.at)
  if (isOpen && span.to > lane.at) lane.at = span.to
  lane.removalsAt = Math.max(lane.removalsAt, span.removalsTo)
  setWaiting(lane, !isOpen ? 'order' : owesRemovals(lane) ? 'removal' : 'nothing')
  if (step.parts.length === 0) return
  lane.step = step
  lane.stepTo = lane.at
  lane.part = -1
  if (lane.type.url === CLUSTER) followWithEndpoints(lane, step, isShared && !isWhole ? nextTouch(group, from) : 0)
  sendPart(lane)
}

/** A first answer that others get as well: those that come with nothing, and those that come with the same. */
const isPlainWhole = ({ whole, held, asked, due, owed }: Own): boolean =>
  whole && (held === undefined || held.key !== undefined) && asked.size === 0 && due.size === 0 && owed.size === 0

function settleOwn(lane: Lane, own: Own, isOpen: boolean, mayDrop: boolean): void {
  // Answered by name: delta has been told of what is not there, unless it is a cluster that stands in the union still.
  if (lane.stream.variant === 'delta' && lane.type.url !== CLUSTER) for (const name of own.asked) own.owed.delete(name)
  own.asked.clear()
  if (isOpen) {
    own.due.clear()
    own.whole = false
    own.held = undefined
  }
  if (mayDrop) own.owed.clear()
  if (own.owed.size === 0 && own.due.size === 0 && !own.whole) lane.own = undefined
}

function owe(lane: Lane, name: string): void {
  const own = ownOf(lane)
  own.owed.set(name, { body: undefined, isExact: false })
  own.owedAt = lane.stream.history?.seq ?? 0
}

/** Rule 48: what the client holds and is no more goes to removed_resources, once nothing refers to it. */
function oweVanished(lane: Lane, own: Own, group: Group): void {
  const { held } = own
  if (held === undefined) return
  const isKnown = held.key !== undefined && lane.type.url !== VIRTUAL_HOST
  const key = { kind: VANISHED, held: held.key, from: WHOLE, removalsFrom: WHOLE, removalsTo: WHOLE }
  const vanished = isKnown ? stepOnce(group, key, () => vanishedOf(lane, held)) : vanishedOf(lane, held)
  for (const name of vanished) owe(lane, name)
}

function vanishedOf({ history, type, subscription }: Lane, { versions }: HeldVersions): readonly string[] {
  const vanished: string[] = []
  for (const name of versions.keys()) {
    if (history?.get(name) !== undefined) continue
    // A host is held for any of its names, and which it had nobody can tell any more.
    if (type.url === VIRTUAL_HOST || isCovered(subscription, { name })) vanished.push(name)
  }
  return vanished
}

/** Up to where removals may be told, by what refers to them on this stream, or by time where nothing else says. */
function removalsThrough(lane: Lane): number {
  const { stream, type } = lane
  if (!owesRemovals(lane) || !hasParents(lane)) return Number.POSITIVE_INFINITY
  // SotW types that are not whole are never told of removals. Those that refer to others still count until nothing needs them.
  if (stream.variant === 'sotw' && !type.full && !(stream.isAggregated && isParent(lane)))
    return Number.POSITIVE_INFINITY
  return stream.isAggregated ? mayRemoveThrough(lane) : stream.removalsReleasedAt
}

/** In place of a position: a step from nothing. */
const WHOLE = -1
/** Beside the kinds of steps. */
const VANISHED = 4

function sharedStep(lane: Lane, group: Group, span: Span, held: HeldVersions | undefined): Step {
  const { stream } = lane
  const isWhole = lane.own !== undefined
  const kind = (stream.variant === 'delta' ? 1 : 0) | (takesTtl(stream) ? 2 : 0)
  const { removalsFrom, removalsTo } = span
  const key = { kind, held: held?.key, from: isWhole ? WHOLE : span.from, removalsFrom, removalsTo }
  const step = stepOnce(group, key, () => {
    const nonce = sharedNonce(lane, span)
    return isWhole ? stepWhole(lane, span, held, nonce) : stepOver(lane, span, nonce)
  })
  if (step.parts.length === 0) return step
  const mark = span.to + span.removalsTo
  if (mark <= lane.sharedMark) return withNonce(step, ownNonce(stream))
  lane.sharedMark = mark
  return step
}

const ownStep = (lane: Lane, span: Span, own: Own, isOpen: boolean, mayDrop: boolean): Step => {
  const step = stepOwn(lane, span, own, isOpen, mayDrop)
  return step.parts.length === 0 ? step : { ...withNonce(step, ownNonce(lane.stream)), isOwn: true }
}

function withNonce(step: Step, nonce: string): Step {
  const parts = step.parts.map((part, i) => ({ ...part, nonce: i === 0 ? nonce : `${nonce}-${i}` }))
  return { ...step, parts }
}

/** The letter of a type in a nonce: nonces are unique over all types of a stream. */
const LETTERS: Readonly<Record<string, string>> = { rtds: 't', ecds: 'x', srds: 'o' }

/** Type, fleet and positions: the same for all that make the step, and never twice for one stream, since positions grow. */
function sharedNonce(lane: Lane, { to, removalsTo }: Span): string {
  const letter = LETTERS[lane.type.short] ?? lane.type.short.slice(0, 1)
  const place = `${letter}${lane.stream.history?.id.toString(36)}.${to.toString(36)}`
  return removalsTo === to ? place : `${place}.${removalsTo.toString(36)}`
}

/** A counter of the stream's own; it has no dot, so it is never one of the shared ones. */
export function ownNonce(stream: StreamState): string {
  stream.counter++
  return stream.counter.toString(36)
}

function sendPart(lane: Lane): void {
  const { stream, step } = lane
  const response = step?.parts[lane.part + 1]
  if (step === undefined || response === undefined) return
  lane.part++
  lane.nonce = response.nonce
  lane.version = response.version
  lane.isAwaiting = true
  stream.effects.send(response)
}

/**
 * Rule 73, where the log does not see to it: clusters sent to this stream alone, or later than their endpoints.
 * `changedFrom`: the log touched the assignments of the clusters sent from that seq on.
 */
function followWithEndpoints(clusters: Lane, step: Step, changedFrom: number): void {
  const { stream } = clusters
  if (!stream.isAggregated || step.endpoints.length === 0) return
  expectEndpoints(stream)
  const endpoints = laneOf(stream, ENDPOINTS)
  if (endpoints === undefined) {
    const isFew = stream.sentEndpoints.length === 0 && step.endpoints.length <= SENT_ENDPOINTS_MAX
    stream.sentEndpoints = isFew ? step.endpoints : 'all'
    return
  }
  if (endpoints.own?.whole) {
    // All goes with the first answer, but what the client holds from before: now that must too (rule 47).
    const { own } = endpoints
    if (own.held) own.held = holdOutdated(own.held, step.endpoints)
    setWaiting(endpoints, 'order')
    return
  }
  if (endpoints.history === undefined || endpoints.at < changedFrom) return
  const again = step.endpoints.filter((name) => {
    const found = endpoints.history?.get(name)
    return found !== undefined && isCovered(endpoints.subscription, found)
  })
  if (again.length === 0) return
  addDue(endpoints, again, clusters.stepTo - 1)
  setWaiting(endpoints, 'order')
}

/** Keeps count of lanes that wait, and has the step's timers started. */
export function setWaiting(lane: Lane, waitsFor: Lane['waitsFor']): void {
  const { stream } = lane
  const was = lane.waitsFor
  lane.waitsFor = waitsFor
  if ((was === 'nothing') !== (waitsFor === 'nothing')) stream.blocked += waitsFor === 'nothing' ? -1 : 1
  if (waitsFor === 'order' && !stream.isOrderTimed) {
    stream.isOrderTimed = true
    stream.effects.wait('order', ORDER_WAIT_MS)
  } else if (was === 'order' && waitsFor !== 'order') {
    stream.isOrderTimed &&= stream.lanes.some((other) => other.waitsFor === 'order')
  }
  if (waitsFor === 'removal') startRemovalTimer(lane)
}

function startRemovalTimer(lane: Lane): void {
  const { stream } = lane
  if (stream.isAggregated) {
    if (stream.isSettleTimed) return
    if (!stream.isListenerNew && !stream.isReturning) return
    stream.isSettleTimed = true
    stream.effects.wait('settle', SETTLE_WAIT_MS)
    return
  }
  if (stream.removalsTimedAt >= 0 || stream.history === undefined) return
  stream.removalsTimedAt = stream.history.seq
  stream.effects.wait('removal', stream.history.removeAfterMs)
}
