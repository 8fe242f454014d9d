// One xDS stream: joins what a transport reads and writes to the protocol's step, gives the node its fleet, and counts.
import type { TypeUrl, Version } from '@fleetcast/shared/resources/resource'
import type { Clock } from '@fleetcast/shared/runtime/clock'
import type { AckBoard, StreamRecord } from '../acks/ack-board.ts'
import type { NackLog } from '../acks/nack-log.ts'
import type { Tally } from '../acks/tally.ts'
import type { Assignment } from '../identity/assign-fleet.ts'
import type { Effects, NodeInfo, Request, Response, Variant } from '../protocol/messages.ts'
import { createStream, type Stream } from '../protocol/stream.ts'
import type { FleetHistory } from '../sets/fleet-history.ts'
import type { Subscriptions } from '../sets/subscription.ts'
import type { RequestDecoder } from '../transport/codec/decode-request.ts'
import type { EncodedResponses } from '../transport/codec/encoded-responses.ts'
import type { Inlet, Outlet } from '../transport/grpc/call.ts'
import type { StreamNameLimits } from './name-limits.ts'

/** They are kept in every status. */
const nodeCharactersMax = 1024

export interface Kind {
  readonly variant: Variant
  readonly aggregated: boolean
  readonly type?: string
}

export interface StreamDeps {
  readonly clock: Clock
  readonly board: AckBoard
  readonly tally: Tally
  readonly nacks: NackLog
  readonly nameLimits: StreamNameLimits
  readonly decoder: RequestDecoder
  readonly encoded: EncodedResponses
  readonly subscriptions: Subscriptions
  readonly assign: (node: NodeInfo, names: readonly string[] | undefined) => Assignment
  readonly historyOf: (fleet: string) => FleetHistory | undefined
  readonly revisionOf: (fleet: string) => number
  /** Calls back once the edge is known not to be behind (rule 3). */
  readonly confirm: (fleet: string, done: () => void) => void
  /** All that are open; each adds and removes itself. */
  readonly sessions: Set<Session>
  readonly warnOnce: (warning: string) => void
}

/**
 * What is known of an open stream, what the transport tells of it, and what the protocol does: one object, because thousands open at
 * once. Changed here only.
 */
export class Session implements Inlet, Effects {
  readonly kind: Kind
  readonly outlet: Outlet
  readonly stream: Stream
  /** Undefined until the first request named the node. */
  record: StreamRecord | undefined
  history: FleetHistory | undefined
  /** The fleet of which the edge knows that it is not behind: that one may be answered. */
  confirmed: string | undefined
  /** The fleet of which it last asked. */
  asked: string | undefined
  isClosed: boolean = false
  private readonly deps: StreamDeps
  /** Each with what cancels it. Most streams never have one. */
  private timers: Map<string, () => void> | undefined

  constructor(kind: Kind, outlet: Outlet, deps: StreamDeps) {
    this.kind = kind
    this.outlet = outlet
    this.deps = deps
    this.stream = createStream({ ...kind, subscriptions: deps.subscriptions, effects: this })
    deps.tally.opened(kind.variant)
    deps.sessions.add(this)
  }

  message(bytes: Buffer): void {
    const { deps, kind, outlet } = this
    deps.tally.requested()
    const request = deps.decoder[kind.variant](bytes)
    if (request === 'malformed') {
      deps.tally.malformed()
      outlet.end('INVALID_ARGUMENT', 'the message is not a discovery request')
      return
    }
    if (request === 'excessive') {
      refuseNames(this, deps)
      return
    }
    if (this.record === undefined && !introduce(this, request, deps)) return
    this.stream.receive(request)
    const { length } = request.variant === 'sotw' ? request.names : request.subscribe
    if (length > 0 && isTooMany(this, deps.nameLimits)) refuseNames(this, deps)
  }

  finished(): void {
    this.outlet.end('OK', '')
  }

  closed(): void {
    const { deps, kind } = this
    this.isClosed = true
    deps.sessions.delete(this)
    for (const cancel of this.timers?.values() ?? []) cancel()
    this.stream.close()
    if (this.record) deps.board.closed(this.record)
    deps.tally.closed(kind.variant)
  }

  send(response: Response): void {
    const { record, deps } = this
    const frame = deps.encoded.frameOf(response)
    this.outlet.write(frame)
    deps.tally.sent(response, frame.length)
    if (record?.fleet !== undefined) deps.board.sent(record, response.type, deps.revisionOf(record.fleet))
  }

  acked(type: TypeUrl, version: Version): void {
    if (this.record) this.deps.tally.acked(type, this.deps.board.acked(this.record, type, version))
  }

  rejected(type: TypeUrl, version: Version, _nonce: string, message: string): void {
    const { record, deps } = this
    deps.tally.nacked(type)
    if (record === undefined) return
    deps.board.rejected(record, type, version, message)
    deps.nacks.note({ node: record.node.id, fleet: record.fleet, type, version, message })
  }

  close(code: 'INVALID_ARGUMENT' | 'PERMISSION_DENIED', message: string): void {
    this.outlet.end(code, message)
  }

  wait(timer: string, delayMs: number): void {
    this.timers ??= new Map()
    const { timers, stream, deps } = this
    timers.get(timer)?.()
    const elapse = (): void => {
      timers.delete(timer)
      stream.elapsed(timer)
    }
    timers.set(timer, deps.clock.after(delayMs, elapse))
  }
}

/** What it asked for little by little counts together. */
function isTooMany({ stream }: Session, limits: StreamNameLimits): boolean {
  return limits.isTooMany(stream.state.lanes.reduce((sum, { subscription }) => sum + subscription.names.size, 0))
}

function refuseNames({ outlet, record }: Session, { nameLimits, warnOnce }: StreamDeps): void {
  const limit = `a stream may ask for ${nameLimits.namesMax()} names of ${nameLimits.nameBytesMax} bytes each`
  warnOnce(`node ${record?.node.id ?? 'unknown'} was refused: ${limit}`)
  outlet.end('RESOURCE_EXHAUSTED', limit)
}

/** The first request says who asks (rule 4). False where it does not, or where it may not. */
function introduce(session: Session, { node }: Request, deps: StreamDeps): boolean {
  if (node === undefined) {
    // Rule 5: without a node nothing can be decided.
    session.outlet.end('INVALID_ARGUMENT', 'the first request of a stream must name its node')
    return false
  }
  if (node.id.length > nodeCharactersMax || node.cluster.length > nodeCharactersMax) {
    session.outlet.end('INVALID_ARGUMENT', `the id and cluster of a node may have ${nodeCharactersMax} characters`)
    return false
  }
  session.record = deps.board.opened(node, session.outlet.peer.address)
  assignFleetTo(session, deps)
  return !session.isClosed
}

/** Gives the node the fleet that it may have now; again whenever the directory changes. */
export function assignFleetTo(session: Session, deps: StreamDeps): void {
  const { record, outlet } = session
  if (record === undefined || session.isClosed) return
  const assignment = deps.assign(record.node, outlet.peer.names)
  if (assignment.kind === 'refused') {
    // Rules 10 and 104: before any set is touched.
    deps.board.assigned(record, undefined)
    session.isClosed = true
    outlet.end('PERMISSION_DENIED', assignment.reason)
    return
  }
  if (assignment.kind !== 'fleet') {
    deps.board.assigned(record, assignment.kind === 'retired' ? assignment.fleet.name : undefined)
    attach(session, undefined)
    return
  }
  if (assignment.warning !== undefined) deps.warnOnce(assignment.warning)
  const { name } = assignment.fleet
  deps.board.assigned(record, name)
  if (session.confirmed === name) attach(session, deps.historyOf(name))
  else if (session.asked !== name) {
    session.asked = name
    deps.confirm(name, () => {
      session.confirmed = name
      // Whatever was asked meanwhile is asked again.
      session.asked = undefined
      assignFleetTo(session, deps)
    })
  }
}

function attach(session: Session, history: FleetHistory | undefined): void {
  if (session.history === history) return
  session.history = history
  session.stream.attach(history)
}
