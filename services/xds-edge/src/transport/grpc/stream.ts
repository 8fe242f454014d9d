// One gRPC stream over HTTP/2: frames in, frames out, one status at the end. Knows no message. A client that breaks the
// rules of gRPC ends its own stream and nothing else.
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { constants } from 'node:http2'
import type { Clock } from '@fleetcast/shared/runtime/clock'
import { type Inlet, type Method, type Outlet, type Peer, STATUS, type StatusName } from './call.ts'
import { createFrameReader, type FrameFault, type Intake, prefixBytes } from './frame-reader.ts'
import { createPacer, type Pace } from './pacer.ts'

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

const contentType = 'application/grpc'
const lingerMs = 1000
const unreadMs = 10_000
/** A client that does not read its answers is not read either: nothing it asks can pile up here. */
const unreadBytesMax = 1024 * 1024
const nothing = (): void => {}

/** Answers without a message: for what is no rpc of ours. */
export function refuse(stream: ServerHttp2Stream, status: StatusName, message: string): void {
  stream.respond({ ':status': 200, 'content-type': contentType, ...trailers(status, message) }, { endStream: true })
}

/** Runs the rpc on the stream. `onClosed` is called once, when nothing is left of it. */
export function runStream(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
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
    // Its connection is gone: ending it would only make an error of that.
    if (stream.destroyed || stream.writableEnded) return
    // One that does not read what is left for it must not keep the stream.
    cancelLinger = clock.after(unreadMs, () => {
      stream.close(constants.NGHTTP2_CANCEL)
      forgetReset(stream)
    })
    stream.once('wantTrailers', () => {
      stream.sendTrailers(trailers(status, message))
      cancelLinger()
      // Most clients finish their side now. Nor must one that does not.
      if (!isFinished) cancelLinger = clock.after(lingerMs, () => stream.close(constants.NGHTTP2_NO_ERROR))
    })
    stream.end()
  }
  const outlet: Outlet = {
    peer,
    write(frame) {
      if (isEnded || stream.destroyed) return
      hasAnswered = true
      stream.write(frame)
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
    } else if (stream.writableLength > unreadBytesMax && !stream.destroyed) {
      wait()
      stream.once('drain', goOn)
    }
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
    stream.pause()
  }
  const goOn = (): void => {
    isWaiting = false
    stream.resume()
    deliver()
  }

  const open: OpenStream = {
    dismiss: (reason) => (hasAnswered ? end('OK', '') : end('UNAVAILABLE', reason)),
  }
  stream.respond({ ':status': 200, 'content-type': contentType }, { waitForTrailers: true })
  stream.on('data', (chunk: Buffer) => {
    if (isEnded) return
    if (isWaiting || !reader.isWhole(chunk)) {
      reader.push(chunk)
      deliver()
      return
    }
    // Nearly always: an ACK by itself.
    take(chunk.subarray(prefixBytes))
  })
  stream.on('end', () => {
    isFinished = true
    deliver()
    forgetReset(stream)
  })
  stream.on('aborted', () => forgetReset(stream))
  // Whatever happened to it, `close` follows.
  stream.on('error', () => {})
  stream.on('close', () => {
    isEnded = true
    cancelPause()
    cancelDeadline()
    cancelLinger()
    reader.close()
    inlet.closed()
    onClosed(open)
  })
  const deadlineMs = timeoutMs(headers['grpc-timeout'])
  if (deadlineMs !== undefined) {
    cancelDeadline = clock.after(deadlineMs, () => end('DEADLINE_EXCEEDED', 'the time was up'))
  }
  return open
}

/** One that its client reset without an error, while something is written, would be kept by Node for ever. */
function forgetReset(stream: ServerHttp2Stream): void {
  if (stream.closed) stream.destroy()
}

const faultOf = (fault: FrameFault, messageBytesMax: number): readonly [StatusName, string] =>
  fault === 'compressed'
    ? ['UNIMPLEMENTED', 'compressed messages are not read']
    : fault === 'large'
      ? ['RESOURCE_EXHAUSTED', `a message may have ${messageBytesMax} bytes`]
      : ['RESOURCE_EXHAUSTED', 'too much of messages that are not whole is held for all clients together']

const trailers = (status: StatusName, message: string): Record<string, string | number> =>
  message === ''
    ? { 'grpc-status': STATUS[status] }
    : { 'grpc-status': STATUS[status], 'grpc-message': percentEncode(message) }

/** As gRPC wants it: everything but printable ASCII, and the percent sign, as %XX of its UTF-8 bytes. */
export const percentEncode = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[^ -$&-~]+/g, (part) => Buffer.from(part).toString('hex').toUpperCase().replace(/../g, '%$&'))

const unitsMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000_001 }

/** `grpc-timeout`: at most 8 digits and a unit. Longer than a timer can wait means for ever. */
function timeoutMs(header: string | string[] | undefined): number | undefined {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(String(header ?? '')) ?? []
  if (digits === undefined || unit === undefined) return undefined
  const value = Math.ceil(Number(digits) * (unitsMs[unit] ?? 1))
  return value >= 2 ** 31 ? undefined : value
}
