// What may come from the client (RFC 9113, section 5.2): its windows, and when they are opened again. A stream that is paused
// keeps what it was given; the connection's window is always given back, because every stream's is bounded by itself.
import { windowFrame } from './frames.ts'
import type { Http2Stream } from './http2-stream.ts'
import type { Output } from './output.ts'

export const streamWindowBytes = 256 * 1024
/** What a stream that is not read may hold must not be what its whole connection may hold. */
export const connectionWindowBytes = 8 * 1024 * 1024

export interface Receiving {
  /** So many bytes came, of a stream that is open or of none. False: more than the connection's window. */
  take(bytes: number): boolean
  /** The same of a stream. False: more than its window. */
  takeOf(stream: Http2Stream, bytes: number): boolean
  /** Opens its window again, unless it is paused. */
  credit(stream: Http2Stream): void
}

export function createReceiving(output: Output): Receiving {
  let window = connectionWindowBytes
  return {
    take(bytes) {
      window -= bytes
      if (window < 0) return false
      if (window > connectionWindowBytes / 2) return true
      output.frame(windowFrame(0, connectionWindowBytes - window))
      window = connectionWindowBytes
      return true
    },
    takeOf(stream, bytes) {
      stream.receiveWindow -= bytes
      return stream.receiveWindow >= 0
    },
    credit(stream) {
      if (stream.isPaused || stream.isFinished || stream.receiveWindow > streamWindowBytes / 2) return
      output.frame(windowFrame(stream.id, streamWindowBytes - stream.receiveWindow))
      stream.receiveWindow = streamWindowBytes
    },
  }
}
