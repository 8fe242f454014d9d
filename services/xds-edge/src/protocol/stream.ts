// One stream of a client: requests in, effects out. Pure: no gRPC, no clock, no I/O; what it sends it hands to its
// Effects at once, in order. Its owner tells it of the fleet (attach), of time (elapsed) and of the end (close).
//
//   const subscriptions = createSubscriptions()                       // one per edge
//   const stream = createStream({ variant, aggregated, type, effects, subscriptions })
//   stream.attach(history)      // the node's FleetHistory, once known; undefined holds the stream unanswered
//   stream.receive(request)     // each decoded request, in order
//   stream.elapsed(timer)       // when the time of an effect wait(timer, ms) is over
//   stream.close()              // once, at the end; nothing is sent afterwards
import type { TypeUrl } from '@fleetcast/shared/resources/resource'
import { RESOURCE_TYPES } from '@fleetcast/shared/resources/types'
import type { FleetHistory } from '../sets/fleet-history.ts'
import type { Member } from '../sets/group.ts'
import type { Subscriptions } from '../sets/subscription.ts'
import { answer } from './answer.ts'
import { attach, enter } from './attach.ts'
import { createLane, type Lane } from './lane.ts'
import type { Effects, Request, Variant } from './messages.ts'
import { ownNonce, pump, pumpAll, setWaiting } from './step.ts'
import type { StreamState } from './stream-state.ts'
import { subscribe } from './subscribe.ts'
import { armHeartbeat, heartbeat, readFeatures } from './ttl.ts'

export interface StreamOptions {
  readonly variant: Variant
  readonly aggregated: boolean
  /** The service's type, for a per-type stream. */
  readonly type?: TypeUrl
  readonly effects: Effects
  /** Shared by all streams of the edge. */
  readonly subscriptions: Subscriptions
}

export interface Stream {
  receive(request: Request): void
  /**
   * The node's fleet, when it is known, and each time it becomes another. A history that was never updated holds the stream
   * unanswered, and so does undefined: an unknown or retired fleet takes nothing away (rule 41).
   */
  attach(history: FleetHistory | undefined): void
  /** The time of `wait(timer, …)` is over. Unknown and outdated timers mean nothing. */
  elapsed(timer: string): void
  /** Leaves the fleet. No effect is called afterwards. */
  close(): void
  /** For status and tests: what the stream is, read only. */
  readonly state: Readonly<StreamState>
}

export const createStream = (options: StreamOptions): Stream => new ClientStream(options)

/** An object and its state for each stream, of which there are thousands. */
class ClientStream implements Stream {
  readonly state: StreamState

  constructor(options: StreamOptions) {
    this.state = stateOf(options)
  }

  receive(request: Request): void {
    receive(this.state, request)
  }

  attach(history: FleetHistory | undefined): void {
    if (this.state.isClosed) return
    attach(this.state, history)
    pumpAll(this.state)
  }

  elapsed(timer: string): void {
    elapsed(this.state, timer)
  }

  close(): void {
    const { state } = this
    state.isClosed = true
    for (const lane of state.lanes) {
      state.subscriptions.release(lane.subscription)
      lane.group?.members.delete(lane)
      if (lane.group) lane.history?.left(lane.group)
    }
    state.lanes.length = 0
  }
}

const stateOf = ({ variant, aggregated, type, effects, subscriptions }: StreamOptions): StreamState => ({
  variant,
  isAggregated: aggregated,
  type,
  effects,
  subscriptions,
  lanes: [],
  history: undefined,
  isHeld: true,
  isClosed: false,
  counter: 0,
  blocked: 0,
  orderReleasedAt: -1,
  isOrderTimed: false,
  removalsReleasedAt: -1,
  removalsTimedAt: -1,
  isReturning: false,
  isReturnOver: false,
  isSettleTimed: false,
  isListenerNew: false,
  expected: NOTHING,
  sentEndpoints: NOTHING,
  visited: undefined,
  knowsTtl: false,
  knowsWrapper: false,
})

const NOTHING: readonly never[] = []

function receive(stream: StreamState, request: Request): void {
  if (stream.isClosed) return
  const url = typeOf(stream, request.type)
  if (url === undefined) return
  if (request.node !== undefined) readFeatures(stream, request.node)
  const lane = laneFor(stream, url)
  if (lane === undefined) {
    answerUnknown(stream, url, request)
    return
  }
  // Rule 13: before anything was sent for a type, a nonce in a request is left over from an earlier stream.
  const isFirst =
    lane.nonce === '' && !lane.named && lane.own === undefined && lane.subscription === stream.subscriptions.none
  const isAnswer = lane.nonce !== '' && request.nonce === lane.nonce
  // SotW without a nonce starts over (design 11); delta without one only changes names.
  const isFresh = isFirst || (request.variant === 'sotw' && request.nonce === '' && lane.nonce !== '')
  const isStale = request.nonce !== '' && !isAnswer && lane.nonce !== ''
  if (isAnswer && lane.isAwaiting) answer(lane, request.error)
  if (isFirst) noteReturn(stream, request)
  if (isFresh && !isFirst) forget(lane)
  subscribe(lane, request, isFresh)
  // Rule 14: a stale request is not answered; its names are kept for the next one.
  if (isStale && request.variant === 'sotw') return
  pump(lane)
  if (stream.blocked > 0) pumpAll(stream)
  armHeartbeat(lane)
}

/** A client that holds something must not lose it before it could say what needs it. */
function noteReturn(stream: StreamState, request: Request): void {
  const holds = request.variant === 'sotw' ? request.versionInfo !== '' : (request.initialVersions?.size ?? 0) > 0
  if (holds && stream.isAggregated && !stream.isReturnOver) stream.isReturning = true
}

/** The type a request is about; undefined where the stream was closed for it (rule 3). */
function typeOf(stream: StreamState, asked: TypeUrl): TypeUrl | undefined {
  if (stream.isAggregated) {
    if (asked !== '') return asked
    stream.effects.close('INVALID_ARGUMENT', 'type_url is required on an aggregated stream')
    return undefined
  }
  if (asked === '' || asked === stream.type) return stream.type
  stream.effects.close('INVALID_ARGUMENT', `this stream serves ${stream.type}, not ${asked}`)
  return undefined
}

const TYPES = new Map(RESOURCE_TYPES.map((type, order) => [type.url, { type, order }]))

/** The lane of the type, made at its first request, in send order; undefined for a type that is not served. */
function laneFor(stream: StreamState, url: TypeUrl): Lane | undefined {
  const known = stream.lanes.find((lane) => lane.type.url === url)
  if (known) return known
  const found = TYPES.get(url)
  // VHDS exists in delta only (rule 1).
  if (found === undefined || (stream.variant === 'sotw' && found.type.stream === undefined)) return undefined
  const lane = createLane(stream, found.type, stream.subscriptions.none, advanced)
  const at = stream.lanes.findIndex((other) => (TYPES.get(other.type.url)?.order ?? 0) > found.order)
  stream.lanes.splice(at < 0 ? stream.lanes.length : at, 0, lane)
  enter(lane)
  return lane
}

/** The fleet changed something of the lane's. */
function advanced(member: Member): void {
  // Members of a history are lanes: nothing else joins one.
  const lane = member as Lane
  pump(lane)
  if (lane.stream.blocked > 0) pumpAll(lane.stream)
}

/** Rule 6: an unknown type keeps the stream; delta is told that its names do not exist, SotW is told nothing. */
function answerUnknown(stream: StreamState, type: TypeUrl, request: Request): void {
  if (request.variant === 'sotw') return
  const removed = [...new Set(request.subscribe)].filter((name) => name !== '*' && name !== '')
  if (removed.length === 0) return
  stream.effects.send({ variant: 'delta', type, nonce: ownNonce(stream), version: '', resources: [], removed })
}

/** The client starts over on this lane: what was outstanding is void. */
function forget(lane: Lane): void {
  lane.step = undefined
  lane.isAwaiting = false
  lane.own = undefined
  lane.answeredAt = -1
}

function elapsed(stream: StreamState, timer: string): void {
  if (stream.isClosed) return
  if (timer.startsWith('ttl:')) {
    heartbeat(stream, timer)
    return
  }
  if (timer === 'settle') {
    stream.isReturning = false
    stream.isReturnOver = true
    stream.isSettleTimed = false
    stream.isListenerNew = false
  }
  if (timer === 'removal') {
    stream.removalsReleasedAt = stream.removalsTimedAt
    stream.removalsTimedAt = -1
  }
  if (timer === 'order') {
    if (!stream.isOrderTimed) return
    stream.isOrderTimed = false
    stream.orderReleasedAt = stream.history?.seq ?? -1
    stream.expected = []
    for (const lane of stream.lanes) if (lane.waitsFor === 'order') setWaiting(lane, 'nothing')
  }
  pumpAll(stream)
}
