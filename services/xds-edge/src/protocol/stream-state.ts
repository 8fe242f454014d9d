// What a stream is, beside its lanes. Changed in place by the step, seen by nobody else.
import type { Resource, TypeUrl } from '@fleetcast/shared/resources/resource'
import type { FleetHistory } from '../sets/fleet-history.ts'
import type { Subscriptions } from '../sets/subscription.ts'
import type { Lane } from './lane.ts'
import type { Effects, Variant } from './messages.ts'

export interface StreamState {
  readonly variant: Variant
  /** All types share the stream (ADS): order and make-before-break are by acknowledgement. Else removals wait a time. */
  readonly isAggregated: boolean
  /** The type of a per-type stream. */
  readonly type: TypeUrl | undefined
  readonly effects: Effects
  readonly subscriptions: Subscriptions
  /** In send order (rule 70), whatever the order in which the client asked. */
  readonly lanes: Lane[]
  /** The fleet the node has, or had last. */
  history: FleetHistory | undefined
  /** Nothing is sent: the node has no fleet, or its fleet is retired. */
  isHeld: boolean
  isClosed: boolean
  /** Counts responses that went to this stream alone: their nonces. */
  counter: number
  /** Lanes that wait for something. */
  blocked: number
  /** Changes up to here no longer wait for the order: their time was up. */
  orderReleasedAt: number
  isOrderTimed: boolean
  /** Removals up to here no longer wait: their time was up. */
  removalsReleasedAt: number
  /** The seq that the running removal timer releases; -1 while none runs. */
  removalsTimedAt: number
  /** The client came with things of an earlier stream, and may be about to subscribe to what refers to them. */
  isReturning: boolean
  isReturnOver: boolean
  isSettleTimed: boolean
  /** A listener was acknowledged just now: it may be waiting for routes that the client has yet to ask for. */
  isListenerNew: boolean
  /** Added clusters whose endpoints the client is expected to ask for, then to acknowledge. */
  expected: readonly Resource[]
  /** Assignments of the clusters sent before the client asked for endpoints (rule 47). */
  sentEndpoints: readonly string[] | 'all'
  /** Histories that the stream followed before: their shared nonces may be used up. */
  visited: Set<number> | undefined
  /** The client announced that it understands TTLs (rules 80 and 81). */
  knowsTtl: boolean
  knowsWrapper: boolean
}

export const laneOf = (stream: StreamState, type: TypeUrl): Lane | undefined =>
  stream.lanes.find((lane) => lane.type.url === type)
