// What goes to the client, as far as its windows reach (RFC 9113, section 5.2): the rest waits, and the streams that wait take turns.
import { frameBytesMin, headersFrame, windowBytesAtFirst, windowBytesMax } from './frames.ts'
import type { Http2Stream } from './http2-stream.ts'
import type { Output } from './output.ts'

export interface Sending {
  write(stream: Http2Stream, bytes: Buffer): void
  /** Sends the trailers once nothing waits. */
  end(stream: Http2Stream, trailers: Buffer): void
  /** The client takes so many more bytes, of one stream or of all together. False: more than a window may have. */
  grant(stream: Http2Stream | undefined, bytes: number): boolean
  /** The window of a new stream. */
  initialWindow(): number
  /** Changes the windows of all streams by the difference. False: more than a window may have. */
  setInitialWindow(bytes: number, streams: Iterable<Http2Stream>): boolean
  setFrameBytes(bytes: number): void
  /** The socket takes more. */
  unclogged(): void
  forget(stream: Http2Stream): void
}

/** `onEnded`: nothing more will be sent on the stream. */
export function createSending(output: Output, onEnded: (stream: Http2Stream) => void): Sending {
  let window = windowBytesAtFirst
  let initialWindow = windowBytesAtFirst
  let frameBytes = frameBytesMin
  const waiting = new Set<Http2Stream>()

  const roomOf = (stream: Http2Stream): number =>
    output.isClogged() ? 0 : Math.min(window, stream.sendWindow, frameBytes)
  const send = (stream: Http2Stream, payload: Buffer): void => {
    window -= payload.length
    stream.sendWindow -= payload.length
    output.data(stream.id, payload)
  }
  /** One frame of what waits. */
  const sendFrame = (stream: Http2Stream, room: number): void => {
    const first = stream.queue[0] as Buffer
    const end = Math.min(first.length, stream.queueOffset + room)
    const payload = first.subarray(stream.queueOffset, end)
    stream.queueOffset = end
    stream.queuedBytes -= payload.length
    if (end === first.length) {
      stream.queue.shift()
      stream.queueOffset = 0
    }
    send(stream, payload)
  }
  const sendTrailers = (stream: Http2Stream): void => {
    if (stream.trailers === undefined || stream.queuedBytes > 0 || stream.isEnded || stream.isClosed) return
    stream.isEnded = true
    output.frame(headersFrame(stream.id, stream.trailers, true))
    onEnded(stream)
  }
  /** One frame of what waits, where a window is open. False: nothing was sent. */
  const sendNext = (stream: Http2Stream): boolean => {
    const room = roomOf(stream)
    if (room <= 0) return false
    sendFrame(stream, room)
    if (stream.queuedBytes > 0) return true
    waiting.delete(stream)
    stream.receiver?.drained()
    sendTrailers(stream)
    return true
  }
  const sendOf = (stream: Http2Stream): void => {
    while (waiting.has(stream) && sendNext(stream));
  }
  /** A frame of each stream that waits, in turns, until no window is open. */
  const sendAll = (): void => {
    for (let hasSent = true; hasSent; ) {
      hasSent = false
      for (const stream of waiting) {
        if (window <= 0 || output.isClogged()) return
        if (sendNext(stream)) hasSent = true
      }
    }
  }
  return {
    write(stream, bytes) {
      if (stream.queuedBytes === 0 && bytes.length <= roomOf(stream)) {
        send(stream, bytes)
        return
      }
      stream.queue.push(bytes)
      stream.queuedBytes += bytes.length
      waiting.add(stream)
      sendOf(stream)
    },
    end(stream, trailers) {
      stream.trailers = trailers
      sendTrailers(stream)
    },
    grant(stream, bytes) {
      if (stream !== undefined) {
        stream.sendWindow += bytes
        if (stream.sendWindow > windowBytesMax) return false
        sendOf(stream)
        return true
      }
      const wasShut = window <= 0
      window += bytes
      if (window > windowBytesMax) return false
      // Where it was open, what waits waits for windows of its own.
      if (wasShut) sendAll()
      return true
    },
    initialWindow: () => initialWindow,
    setInitialWindow(bytes, streams) {
      const difference = bytes - initialWindow
      initialWindow = bytes
      for (const stream of streams) {
        stream.sendWindow += difference
        if (stream.sendWindow > windowBytesMax) return false
      }
      sendAll()
      return true
    },
    setFrameBytes(bytes) {
      frameBytes = bytes
    },
    unclogged: sendAll,
    forget(stream) {
      waiting.delete(stream)
    },
  }
}
