// One gRPC stream over HTTP/2: frames in, frames out, one status at the end. Knows no message. A client that breaks the
// rules of gRPC ends its own stream and nothing else.
import type { Clock } from '@fleetcast/shared/runtime/clock'
import { ERROR } from '../http2/frames.ts'
import { encodeFields } from '../http2/header-fields.ts'
import type { Http2Stream, Http2Streams } from '../http2/http2-stream.ts'
import { createPacer, type Pace } from '../http2/pacer.ts'
import { type Inlet, type Method, type Outlet, type Peer, STATUS, type StatusName } from './call.ts'
import { createFrameReader, type FrameFault, type Intake, prefixBytes } from './frame-reader.ts'

export interface StreamOptions {
  readonly clock: Clock
  readonly messageBytesMax: number
  readonly pace: Pace
  /** What all streams hold of messages that have not arrived whole. */
  readonly intake: Intake
  /** The client met a limit. */
  readonly onLimit: (peer: Peer, reason: string) => void
}

/** What the server may do with an open stream. */
export interface OpenStream {
  /** Ends it so that the client comes back elsewhere: in order where it has had an answer (rule 92). */
  dismiss(reason: string): void
}

const RESPONSE = encodeFields([
  [':status', '200'],
  ['content-type', 'application/grpc'],
])
const UNSUPPORTED = encodeFields([[':status', '415']])
/** A status has to fit into one frame, whatever its characters. */
const messageCharactersMax = 1500
const lingerMs = 1000
const unreadMs = 10_000
/** A client that does not read its answers is not read either: nothing it asks can pile up here. */
const unreadBytesMax = 1024 * 1024
const nothing = (): void => {}

/** Answers without a message: for what is no rpc of ours. */
export function refuse(streams: Http2Streams, stream: Http2Stream, status: StatusName, message: string): void {
  streams.respond(stream, Buffer.concat([RESPONSE, trailers(status, message)]), true)
}

/** What is no gRPC at all. */
export function refuseOther(streams: Http2Streams, stream: Http2Stream): void {
  streams.respond(stream, UNSUPPORTED, true)
}

/** Runs the rpc on the stream. `onClosed` is called once, when nothing is left of it. */
export function runStream(
  streams: Http2Streams,
  stream: Http2Stream,
  method: Method,
  peer: Peer,
  options: StreamOptions,
  onClosed: (open: OpenStream) => void,
): OpenStream {
  const { clock, intake } = options
  const reader = createFrameReader(options.messageBytesMax, intake)
  const pacer = createPacer(clock, options.pace)
  let cancelPause = nothing
  let cancelDeadline = nothing
  let cancelLinger = nothing
  let isEnded = false
  let isFinished = false
  let isWaiting = false
  let isSlowed = false
  let hasAnswered = false

  const end = (status: StatusName, message: string): void => {
    if (isEnded) return
    isEnded = true
    if (stream.isClosed) return
    // One that does not read what is left for it must not keep the stream.
    cancelLinger = clock.after(unreadMs, () => streams.reset(stream, ERROR.cancel))
    streams.end(stream, trailers(status, message))
  }
  const outlet: Outlet = {
    peer,
    write(frame) {
      if (isEnded) return
      hasAnswered = true
      streams.write(stream, frame)
    },
    end,
  }
  const inlet: Inlet = method.open(outlet)
  const take = (message: Buffer): void => {
    const startedAt = clock.now()
    inlet.message(message)
    const waitMs = pacer.take(clock.now() - startedAt)
    if (waitMs > 0) {
      wait()
      cancelPause = clock.after(waitMs, goOn)
      if (!isSlowed) options.onLimit(peer, 'it asks faster than one stream is read')
      isSlowed = true
    } else if (stream.queuedBytes > unreadBytesMax) wait()
  }
  const deliver = (): void => {
    while (!isWaiting && !isEnded) {
      const message = reader.next()
      if (message === undefined) break
      take(message)
    }
    if (reader.fault !== undefined && !isEnded) {
      const [status, reason] = faultOf(reader.fault, options.messageBytesMax)
      options.onLimit(peer, reason)
      end(status, reason)
    } else if (isFinished && !isWaiting && !isEnded) inlet.finished()
  }
  /** Not reading is the back-pressure that a client feels. */
  const wait = (): void => {
    isWaiting = true
    streams.pause(stream)
  }
  const goOn = (): void => {
    cancelPause = nothing
    isWaiting = false
    streams.resume(stream)
    deliver()
  }

  const open: OpenStream = {
    dismiss: (reason) => (hasAnswered ? end('OK', '') : end('UNAVAILABLE', reason)),
  }
  streams.respond(stream, RESPONSE, false)
  const deadlineMs = timeoutMs(stream.head.grpcTimeout)
  if (deadlineMs !== undefined) {
    cancelDeadline = clock.after(deadlineMs, () => end('DEADLINE_EXCEEDED', 'the time was up'))
  }
  streams.accept(stream, {
    data(chunk) {
      if (isEnded) return
      if (isWaiting || !reader.isWhole(chunk)) {
        reader.push(chunk)
        deliver()
        return
      }
      // Nearly always: an ACK by itself.
      take(chunk.subarray(prefixBytes))
    },
    finished() {
      isFinished = true
      deliver()
    },
    drained() {
      // Where it waits for its pace it goes on when that says so.
      if (isWaiting && cancelPause === nothing) goOn()
    },
    ended() {
      cancelLinger()
      // Most clients finish their side now. Nor must one that does not.
      if (!isFinished) cancelLinger = clock.after(lingerMs, () => streams.reset(stream, ERROR.noError))
    },
    closed() {
      isEnded = true
      cancelPause()
      cancelDeadline()
      cancelLinger()
      reader.close()
      inlet.closed()
      onClosed(open)
    },
  })
  return open
}

const faultOf = (fault: FrameFault, messageBytesMax: number): readonly [StatusName, string] =>
  fault === 'compressed'
    ? ['UNIMPLEMENTED', 'compressed messages are not read']
    : fault === 'large'
      ? ['RESOURCE_EXHAUSTED', `a message may have ${messageBytesMax} bytes`]
      : ['RESOURCE_EXHAUSTED', 'too much of messages that are not whole is held for all clients together']

function trailers(status: StatusName, message: string): Buffer {
  const code = `${STATUS[status]}`
  if (message === '') return encodeFields([['grpc-status', code]])
  return encodeFields([
    ['grpc-status', code],
    ['grpc-message', percentEncode(message.slice(0, messageCharactersMax))],
  ])
}

/** As gRPC wants it: everything but printable ASCII, and the percent sign, as %XX of its UTF-8 bytes. */
export const percentEncode = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[^ -$&-~]+/g, (part) => Buffer.from(part).toString('hex').toUpperCase().replace(/../g, '%$&'))

const unitsMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000_001 }

/** `grpc-timeout`: at most 8 digits and a unit. Longer than a timer can wait means for ever. */
function timeoutMs(header: string | undefined): number | undefined {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(header ?? '') ?? []
  if (digits === undefined || unit === undefined) return undefined
  const value = Math.ceil(Number(digits) * (unitsMs[unit] ?? 1))
  return value >= 2 ** 31 ? undefined : value
}
