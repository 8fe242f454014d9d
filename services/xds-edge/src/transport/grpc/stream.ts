// One gRPC stream over HTTP/2: frames in, frames out, one status at the end. Knows no message. A client that breaks the
// rules of gRPC ends its own stream and nothing else.
import type { Clock } from '@fleetcast/shared/runtime/clock'
import { ERROR } from '../http2/frames.ts'
import { encodeFields } from '../http2/header-fields.ts'
import type { Http2Stream, Http2Streams, Receiver } from '../http2/http2-stream.ts'
import { createPacer, type Pace, type Pacer } from '../http2/pacer.ts'
import { type Inlet, type Method, type Outlet, type Peer, STATUS, type StatusName } from './call.ts'
import {
  createFrameReader,
  type FrameFault,
  type FrameReader,
  type Intake,
  isWholeMessage,
  prefixBytes,
} from './frame-reader.ts'

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
  const call = new Call(streams, stream, peer, options, onClosed)
  call.start(method)
  return call
}

/** One object for each stream, of which thousands open at once: as closures it would be twenty, which the collector moves one by one. */
class Call implements OpenStream, Outlet, Receiver {
  readonly peer: Peer
  private readonly streams: Http2Streams
  private readonly stream: Http2Stream
  private readonly options: StreamOptions
  private readonly onClosed: (open: OpenStream) => void
  private readonly pacer: Pacer
  private inlet: Inlet | undefined
  /** Only while a message has not arrived whole, or has to wait. */
  private reader: FrameReader | undefined
  private cancelPause = nothing
  private cancelDeadline = nothing
  private cancelLinger = nothing
  private isEnded: boolean = false
  private isFinished: boolean = false
  private isWaiting: boolean = false
  private isSlowed: boolean = false
  private hasAnswered: boolean = false

  constructor(
    streams: Http2Streams,
    stream: Http2Stream,
    peer: Peer,
    options: StreamOptions,
    onClosed: (open: OpenStream) => void,
  ) {
    this.streams = streams
    this.stream = stream
    this.peer = peer
    this.options = options
    this.onClosed = onClosed
    this.pacer = createPacer(options.clock, options.pace)
  }

  start(method: Method): void {
    const { streams, stream, options } = this
    this.inlet = method.open(this)
    const deadlineMs = timeoutMs(stream.head.grpcTimeout)
    if (deadlineMs !== undefined) {
      this.cancelDeadline = options.clock.after(deadlineMs, () => this.end('DEADLINE_EXCEEDED', 'the time was up'))
    }
    streams.accept(stream, this)
  }

  dismiss(reason: string): void {
    if (this.hasAnswered) this.end('OK', '')
    else this.end('UNAVAILABLE', reason)
  }

  write(frame: Buffer): void {
    if (this.isEnded) return
    // The head goes with the first message, in one write.
    if (!this.hasAnswered) this.streams.respond(this.stream, RESPONSE, false)
    this.hasAnswered = true
    this.streams.write(this.stream, frame)
  }

  end(status: StatusName, message: string): void {
    if (this.isEnded) return
    this.isEnded = true
    const { streams, stream, options } = this
    if (stream.isClosed) return
    if (!this.hasAnswered) {
      refuse(streams, stream, status, message)
      return
    }
    // One that does not read what is left for it must not keep the stream.
    this.cancelLinger = options.clock.after(unreadMs, () => streams.reset(stream, ERROR.cancel))
    streams.end(stream, trailers(status, message))
  }

  data(chunk: Buffer): void {
    if (this.isEnded) return
    const { intake, messageBytesMax } = this.options
    // Nearly always: an ACK by itself.
    if (this.reader === undefined && !this.isWaiting && isWholeMessage(chunk, messageBytesMax)) {
      this.take(chunk.subarray(prefixBytes))
      return
    }
    this.reader ??= createFrameReader(messageBytesMax, intake)
    this.reader.push(chunk)
    this.deliver()
  }

  finished(): void {
    this.isFinished = true
    this.deliver()
  }

  drained(): void {
    // Where it waits for its pace it goes on when that says so.
    if (this.isWaiting && this.cancelPause === nothing) this.goOn()
  }

  ended(): void {
    const { streams, stream, options } = this
    this.cancelLinger()
    // Most clients finish their side now. Nor must one that does not.
    if (!this.isFinished) this.cancelLinger = options.clock.after(lingerMs, () => streams.reset(stream, ERROR.noError))
  }

  closed(): void {
    this.isEnded = true
    this.cancelPause()
    this.cancelDeadline()
    this.cancelLinger()
    this.reader?.close()
    this.inlet?.closed()
    this.onClosed(this)
  }

  private take(message: Buffer): void {
    const { clock, onLimit } = this.options
    const startedAt = clock.now()
    this.inlet?.message(message)
    const waitMs = this.pacer.take(clock.now() - startedAt)
    if (waitMs > 0) {
      this.wait()
      this.cancelPause = clock.after(waitMs, () => this.goOn())
      if (!this.isSlowed) onLimit(this.peer, 'it asks faster than one stream is read')
      this.isSlowed = true
    } else if (this.stream.queuedBytes > unreadBytesMax) this.wait()
  }

  private deliver(): void {
    while (!this.isWaiting && !this.isEnded) {
      const message = this.reader?.next()
      if (message === undefined) break
      this.take(message)
    }
    if (this.reader?.isEmpty()) this.reader = undefined
    if (this.isEnded) return
    const fault = this.reader?.fault()
    if (fault !== undefined) {
      const [status, reason] = faultOf(fault, this.options.messageBytesMax)
      this.options.onLimit(this.peer, reason)
      this.end(status, reason)
    } else if (this.isFinished && !this.isWaiting) this.inlet?.finished()
  }

  /** Not reading is the back-pressure that a client feels. */
  private wait(): void {
    this.isWaiting = true
    this.streams.pause(this.stream)
  }

  private goOn(): void {
    this.cancelPause = nothing
    this.isWaiting = false
    this.streams.resume(this.stream)
    this.deliver()
  }
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
