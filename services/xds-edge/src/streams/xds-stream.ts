// One xDS stream: joins what a transport reads and writes to the protocol's step, gives the node its fleet, and counts.
import type { Clock } from '@fleetcast/shared/runtime/clock'
import type { AckBoard, StreamRecord } from '../acks/ack-board.ts'
import type { NackLog } from '../acks/nack-log.ts'
import type { Tally } from '../acks/tally.ts'
import type { Assignment } from '../identity/assign-fleet.ts'
import type { Effects, NodeInfo, Request, Variant } from '../protocol/messages.ts'
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

/** What is known of an open stream. Changed here only. */
export interface Session {
  readonly kind: Kind
  readonly outlet: Outlet
  readonly timers: Map<string, () => void>
  readonly stream: Stream
  /** Undefined until the first request named the node. */
  record: StreamRecord | undefined
  history: FleetHistory | undefined
  /** The fleet of which the edge knows that it is not behind: that one may be answered. */
  confirmed: string | undefined
  /** The fleet of which it last asked. */
  asked: string | undefined
  isClosed: boolean
}

export function openXdsStream(kind: Kind, outlet: Outlet, deps: StreamDeps): Inlet {
  const effects = createEffects(() => session, deps)
  const session: Session = {
    kind,
    outlet,
    timers: new Map(),
    stream: createStream({ ...kind, subscriptions: deps.subscriptions, effects }),
    record: undefined,
    history: undefined,
    confirmed: undefined,
    asked: undefined,
    isClosed: false,
  }
  deps.tally.opened(kind.variant)
  deps.sessions.add(session)
  return {
    message(bytes) {
      deps.tally.requested()
      const request = deps.decoder[kind.variant](bytes)
      if (request === 'malformed') {
        deps.tally.malformed()
        outlet.end('INVALID_ARGUMENT', 'the message is not a discovery request')
        return
      }
      if (request === 'excessive') return refuseNames(session, deps)
      if (session.record === undefined && !introduce(session, request, deps)) return
      session.stream.receive(request)
      const { length } = request.variant === 'sotw' ? request.names : request.subscribe
      if (length > 0 && isTooMany(session, deps.nameLimits)) refuseNames(session, deps)
    },
    finished: () => outlet.end('OK', ''),
    closed() {
      session.isClosed = true
      deps.sessions.delete(session)
      for (const cancel of session.timers.values()) cancel()
      session.stream.close()
      if (session.record) deps.board.closed(session.record)
      deps.tally.closed(kind.variant)
    },
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

function createEffects(sessionOf: () => Session, deps: StreamDeps): Effects {
  const { board, tally, clock, nacks } = deps
  return {
    send(response) {
      const { record, outlet } = sessionOf()
      const frame = deps.encoded.frameOf(response)
      outlet.write(frame)
      tally.sent(response, frame.length)
      if (record?.fleet !== undefined) board.sent(record, response.type, deps.revisionOf(record.fleet))
    },
    acked(type, version) {
      const { record } = sessionOf()
      if (record) tally.acked(type, board.acked(record, type, version))
    },
    rejected(type, version, _nonce, message) {
      const { record } = sessionOf()
      tally.nacked(type)
      if (record === undefined) return
      board.rejected(record, type, version, message)
      nacks.note({ node: record.node.id, fleet: record.fleet, type, version, message })
    },
    close: (code, message) => sessionOf().outlet.end(code, message),
    wait(timer, delayMs) {
      const { timers, stream } = sessionOf()
      timers.get(timer)?.()
      const elapse = (): void => {
        timers.delete(timer)
        stream.elapsed(timer)
      }
      timers.set(timer, clock.after(delayMs, elapse))
    },
  }
}
