// One connection of HTTP/2, the server's side (RFC 9113): frames in, streams out. Knows no gRPC. What is sent to many streams is
// shared by them; a stream that is quiet holds a few numbers. A client that breaks the rules for a stream loses that stream, one
// that breaks them for the connection loses the connection, and nothing of either ever throws.
import type { Socket } from 'node:net'
import type { Clock } from '@fleetcast/shared/runtime/clock'
import { readSettings } from './client-settings.ts'
import { createFrameCutter } from './frame-cutter.ts'
import {
  ERROR,
  type ErrorCode,
  FLAG,
  FRAME,
  goAwayFrame,
  headersFrame,
  pingFrame,
  resetFrame,
  SETTING,
  settingsAck,
  settingsFrame,
  windowBytesAtFirst,
  windowFrame,
} from './frames.ts'
import { createHeaderBlocks, dependsOn, type HeaderBlock, withoutPadding } from './header-blocks.ts'
import { createFieldDecoder } from './header-fields.ts'
import { createStream, type Http2Stream, type Http2Streams } from './http2-stream.ts'
import { createOutput } from './output.ts'
import { createPacer, type Pace } from './pacer.ts'
import { costlyPerTurn, createReading } from './reading.ts'
import { connectionWindowBytes, createReceiving, streamWindowBytes } from './receiving.ts'
import { createRecentIds } from './recent-ids.ts'
import { areTrailers, createBlockReader } from './request-head.ts'
import { createSending } from './sending.ts'

export interface ConnectionOptions {
  readonly socket: Socket
  readonly clock: Clock
  /** Calls back soon, once everything that is to be written now is known. */
  readonly schedule: (flush: () => void) => void
  /** Calls back after other work had its turn. */
  readonly onTurn: (run: () => void) => void
  /** Streams that may be open at once, at first. */
  readonly streamsMax: number
  /** Streams that may begin in the long run: a client is read no faster. */
  readonly streamsPerSecond: number
  /** A request. It waits until it is accepted, ended or reset. */
  readonly onOpened: (stream: Http2Stream) => void
  /** Once for each that was opened, after its receiver was told. */
  readonly onClosed: (stream: Http2Stream) => void
  /** Once, last. */
  readonly onEnded: () => void
  /** Why the connection fails, for a log. */
  readonly onFault: (reason: string) => void
}

export interface Http2Connection extends Http2Streams {
  /** No stream can be opened on it, or soon none. */
  isEnding(): boolean
  setStreamsMax(count: number): void
  /** Calls back when the client has answered. */
  ping(onAnswer: () => void): void
  /** Takes no new stream, and ends with the last one. */
  close(): void
  destroy(): void
}

/** What a connection that failed has to take the reason. */
const lingerMs = 1000
const fieldBytesMax = 64 * 1024
/** How often a client may change its settings, which costs it nothing and the server some work. */
const settingsPace: Pace = { perSecond: 100, burst: 1000, perWorkMs: 0 }

export function createConnection(options: ConnectionOptions): Http2Connection {
  const { socket, clock } = options
  const streams = new Map<number, Http2Stream>()
  const output = createOutput(socket, options.schedule)
  const sending = createSending(output, closeIfDone)
  const receiving = createReceiving(output)
  const readBlock = createBlockReader(createFieldDecoder(fieldBytesMax))
  const blocks = createHeaderBlocks()
  const resets = createRecentIds()
  const pacer = createPacer(clock, settingsPace)
  let streamsMax = options.streamsMax
  let lastId = 0
  let hasGreeted = false
  let hasSettings = false
  let isClosing = false
  let hasFailed = false
  let isFirstBlock = true
  let onAnswer = nothing

  const cutter = createFrameCutter({
    frame: (type, flags, id, payload) => settle(frame(type, flags, id, payload)),
    data: (id, flags, bytes, isLast) => settle(data(id, flags, bytes, bytes.length, isLast)),
    noPreface: () => fail(ERROR.protocol),
    tooLarge: () => fail(ERROR.frameSize),
  })
  const reading = createReading({ ...options, cutter, isClogged: output.isClogged, streamsMax: () => streamsMax })

  /** What a server says first: with the answer to what the client says first, in one write. */
  const greet = (): void => {
    if (hasGreeted) return
    hasGreeted = true
    output.frame(
      settingsFrame([
        [SETTING.maxConcurrentStreams, streamsMax],
        [SETTING.initialWindowSize, streamWindowBytes],
        [SETTING.maxHeaderListSize, fieldBytesMax],
      ]),
    )
    output.frame(windowFrame(0, connectionWindowBytes - windowBytesAtFirst))
  }
  function fail(code: ErrorCode): void {
    if (hasFailed) return
    hasFailed = true
    cutter.stop()
    options.onFault(`HTTP/2 error ${code}`)
    output.frame(goAwayFrame(lastId, code))
    output.flush()
    socket.destroySoon()
    clock.after(lingerMs, () => socket.destroy())
  }
  const settle = (fault: ErrorCode | undefined): void => {
    if (fault !== undefined) fail(fault)
  }
  const forget = (stream: Http2Stream): void => {
    if (stream.isClosed) return
    stream.isClosed = true
    streams.delete(stream.id)
    sending.forget(stream)
    stream.queue = []
    stream.early = []
    stream.receiver?.closed()
    options.onClosed(stream)
    if (isClosing && streams.size === 0) endSocket()
  }
  function closeIfDone(stream: Http2Stream): void {
    stream.receiver?.ended()
    if (stream.isFinished && stream.isEnded) forget(stream)
  }
  const resetStream = (stream: Http2Stream, code: ErrorCode): void => {
    if (stream.isClosed) return
    refuse(stream.id, code)
    forget(stream)
  }
  const refuse = (id: number, code: ErrorCode): void => {
    output.frame(resetFrame(id, code))
    resets.add(id)
  }
  const endSocket = (): void => {
    output.flush()
    socket.end()
  }
  const finish = (stream: Http2Stream): void => {
    const { contentLength } = stream.head
    if (contentLength !== undefined && contentLength !== stream.received) {
      resetStream(stream, ERROR.protocol)
      return
    }
    stream.isFinished = true
    stream.receiver?.finished()
    if (stream.isEnded) forget(stream)
  }

  function frame(type: number, flags: number, id: number, payload: Buffer): ErrorCode | undefined {
    if (blocks.openId() !== 0 && type !== FRAME.continuation) return ERROR.protocol
    if (!hasSettings && type !== FRAME.settings) return ERROR.protocol
    switch (type) {
      case FRAME.data:
        return paddedData(id, flags, payload)
      case FRAME.headers:
        return id % 2 === 0 ? ERROR.protocol : headers(blocks.headers(flags, id, payload))
      case FRAME.continuation:
        return headers(blocks.continuation(flags, id, payload))
      case FRAME.priority:
        return priority(id, payload)
      case FRAME.reset:
        return resetByClient(id, payload)
      case FRAME.settings:
        return settings(flags, id, payload)
      case FRAME.pushPromise:
        return ERROR.protocol
      case FRAME.ping:
        return ping(flags, id, payload)
      case FRAME.goAway:
        return id !== 0 ? ERROR.protocol : payload.length < 8 ? ERROR.frameSize : undefined
      case FRAME.windowUpdate:
        return windowUpdate(id, payload)
      default:
        return undefined
    }
  }
  function paddedData(id: number, flags: number, payload: Buffer): ErrorCode | undefined {
    const bytes = withoutPadding(flags, payload)
    return bytes === undefined ? ERROR.protocol : data(id, flags, bytes, payload.length, true)
  }
  /** `size`: what it takes of the windows. */
  function data(id: number, flags: number, bytes: Buffer, size: number, isLast: boolean): ErrorCode | undefined {
    if (blocks.openId() !== 0 || !hasSettings || id === 0 || id > lastId) return ERROR.protocol
    if (!receiving.take(size)) return ERROR.flowControl
    const stream = streams.get(id)
    if (stream === undefined) {
      if (!resets.has(id)) refuse(id, ERROR.streamClosed)
      return undefined
    }
    if (stream.isFinished) return void resetStream(stream, ERROR.streamClosed)
    if (!receiving.takeOf(stream, size)) return void resetStream(stream, ERROR.flowControl)
    stream.received += bytes.length
    if (bytes.length > 0) {
      if (stream.receiver === undefined) stream.early.push(bytes)
      else stream.receiver.data(bytes)
    }
    if (stream.isClosed) return undefined
    if (stream.receiver !== undefined) receiving.credit(stream)
    if (isLast && (flags & FLAG.endStream) !== 0) finish(stream)
    return undefined
  }
  function headers(block: HeaderBlock | ErrorCode | undefined): ErrorCode | undefined {
    if (block === undefined || typeof block === 'number') return block
    const read = readBlock(block.fields)
    if (read === 'broken') return ERROR.compression
    if (read === 'large') return ERROR.enhanceYourCalm
    const { fields, head } = read
    const { id, endsStream } = block
    const stream = streams.get(id)
    if (stream !== undefined) {
      if (stream.isFinished) resetStream(stream, ERROR.streamClosed)
      else if (endsStream && areTrailers(fields)) finish(stream)
      else resetStream(stream, ERROR.protocol)
      return undefined
    }
    if (id <= lastId) return resets.has(id) ? undefined : ERROR.streamClosed
    lastId = id
    reading.began()
    if (isClosing || streams.size >= streamsMax) refuse(id, ERROR.refusedStream)
    else if (head === undefined || block.isCircular) refuse(id, ERROR.protocol)
    else {
      const opened = createStream(id, head, sending.initialWindow(), streamWindowBytes)
      streams.set(id, opened)
      options.onOpened(opened)
      if (endsStream && !opened.isClosed) finish(opened)
    }
    return undefined
  }
  function priority(id: number, payload: Buffer): ErrorCode | undefined {
    if (id === 0) return ERROR.protocol
    const code = payload.length !== 5 ? ERROR.frameSize : dependsOn(payload) === id ? ERROR.protocol : undefined
    if (code === undefined) return undefined
    const stream = streams.get(id)
    if (stream === undefined) return code
    resetStream(stream, code)
    return undefined
  }
  function resetByClient(id: number, payload: Buffer): ErrorCode | undefined {
    if (payload.length !== 4) return ERROR.frameSize
    if (id === 0 || id > lastId) return ERROR.protocol
    const stream = streams.get(id)
    if (stream === undefined) return undefined
    reading.wasReset()
    forget(stream)
    return undefined
  }
  function settings(flags: number, id: number, payload: Buffer): ErrorCode | undefined {
    const isAck = (flags & FLAG.ack) !== 0
    if (id !== 0 || (isAck && !hasSettings)) return ERROR.protocol
    if (isAck) return payload.length === 0 ? undefined : ERROR.frameSize
    if (payload.length % 6 !== 0) return ERROR.frameSize
    if (pacer.take(0) > 0) return ERROR.enhanceYourCalm
    hasSettings = true
    const read = readSettings(payload)
    if (typeof read === 'number') return read
    if (read.frameBytes !== undefined) sending.setFrameBytes(read.frameBytes)
    output.frame(settingsAck)
    const { initialWindow } = read
    const isPossible = initialWindow === undefined || sending.setInitialWindow(initialWindow, streams.values())
    return isPossible ? undefined : ERROR.flowControl
  }
  function ping(flags: number, id: number, payload: Buffer): ErrorCode | undefined {
    if (id !== 0) return ERROR.protocol
    if (payload.length !== 8) return ERROR.frameSize
    if ((flags & FLAG.ack) !== 0) {
      onAnswer()
      onAnswer = nothing
    } else output.frame(pingFrame(payload, FLAG.ack))
    return undefined
  }
  function windowUpdate(id: number, payload: Buffer): ErrorCode | undefined {
    if (payload.length !== 4) return ERROR.frameSize
    if (id > lastId) return ERROR.protocol
    const bytes = payload.readUInt32BE(0) & 0x7fffffff
    const stream = streams.get(id)
    if (id !== 0 && stream === undefined) return undefined
    const code = bytes === 0 ? ERROR.protocol : sending.grant(stream, bytes) ? undefined : ERROR.flowControl
    if (code === undefined || stream === undefined) return code
    resetStream(stream, code)
    return undefined
  }

  /** A few at a time: what thousands of streams leave that end at once must not hold up the others. */
  const forgetRest = (): void => {
    let count = 0
    for (const stream of streams.values()) {
      if (count++ === costlyPerTurn) {
        options.onTurn(forgetRest)
        return
      }
      forget(stream)
    }
    options.onEnded()
  }

  const start = (): void => {
    socket.on('data', (chunk: Buffer) => {
      greet()
      cutter.push(chunk)
      reading.hasRead()
    })
    socket.on('drain', () => {
      reading.drained()
      sending.unclogged()
    })
    socket.on('error', (error) => options.onFault(error.message))
    socket.on('close', () => {
      hasFailed = true
      cutter.stop()
      // Those that were never taken up are no work.
      for (const stream of streams.values()) if (stream.receiver === undefined) forget(stream)
      forgetRest()
    })
  }
  start()

  return {
    accept(stream, receiver) {
      if (stream.isClosed) return receiver.closed()
      stream.receiver = receiver
      const { early } = stream
      stream.early = []
      for (const bytes of early) if (!stream.isClosed) receiver.data(bytes)
      if (stream.isFinished && !stream.isClosed) receiver.finished()
      if (!stream.isClosed) receiving.credit(stream)
    },
    respond(stream, block, endsStream) {
      if (stream.isClosed) return
      // The client's decoder may have a smaller table now: ours is none.
      output.frame(headersFrame(stream.id, isFirstBlock ? Buffer.concat([noTable, block]) : block, endsStream))
      isFirstBlock = false
      if (!endsStream) return
      stream.isEnded = true
      closeIfDone(stream)
    },
    write(stream, bytes) {
      if (!stream.isClosed) sending.write(stream, bytes)
    },
    end(stream, trailers) {
      if (!stream.isClosed) sending.end(stream, trailers)
    },
    reset: resetStream,
    pause(stream) {
      stream.isPaused = true
    },
    resume(stream) {
      stream.isPaused = false
      if (!stream.isClosed) receiving.credit(stream)
    },
    isEnding: () => isClosing || hasFailed,
    setStreamsMax(count) {
      streamsMax = count
      if (hasGreeted) output.frame(settingsFrame([[SETTING.maxConcurrentStreams, count]]))
    },
    ping(answered) {
      onAnswer = answered
      greet()
      output.frame(pingFrame(pingData, 0))
    },
    close() {
      if (isClosing || hasFailed) return
      isClosing = true
      greet()
      output.frame(goAwayFrame(lastId, ERROR.noError))
      if (streams.size === 0) endSocket()
    },
    destroy: () => socket.destroy(),
  }
}

const nothing = (): void => {}
const pingData = Buffer.alloc(8)
/** A dynamic table of no bytes. */
const noTable = Buffer.from([0x20])
