// A stream of HTTP/2 as plain values: what its connection knows of it.
import type { ErrorCode } from './frames.ts'
import type { RequestHead } from './request-head.ts'

/** What is told of a stream. `closed` comes once, last, whatever ended it. */
export interface Receiver {
  /** Part of the body. The bytes are good during the call only. */
  data(bytes: Buffer): void
  /** The client will send nothing more. */
  finished(): void
  /** All that had to wait is on its way. */
  drained(): void
  /** The trailers are on their way. */
  ended(): void
  closed(): void
}

export interface Http2Stream {
  readonly id: number
  readonly head: RequestHead
  /** Undefined until it is taken up: what comes earlier waits in `early`. */
  receiver: Receiver | undefined
  early: Buffer[]
  /** Bytes that the client may still be sent, and that it may still send. */
  sendWindow: number
  receiveWindow: number
  /** Bytes of the body so far. */
  received: number
  /** What waits for a window, from `queueOffset` of the first on. */
  queue: Buffer[]
  queueOffset: number
  queuedBytes: number
  /** What ends it, once the queue is empty. */
  trailers: Buffer | undefined
  isPaused: boolean
  /** The client has sent all. */
  isFinished: boolean
  /** All was sent. */
  isEnded: boolean
  isClosed: boolean
}

/** What a server does with a stream. All of it does nothing on one that is closed. */
export interface Http2Streams {
  /** From now on the receiver is told, first what came earlier. */
  accept(stream: Http2Stream, receiver: Receiver): void
  /** The head of the response: a block of fields. `endsStream`: it is the whole of it. */
  respond(stream: Http2Stream, block: Buffer, endsStream: boolean): void
  /** A part of the body. It is not copied: never change it. */
  write(stream: Http2Stream, bytes: Buffer): void
  /** Ends it with this block of trailers, after all that was written. */
  end(stream: Http2Stream, trailers: Buffer): void
  reset(stream: Http2Stream, code: ErrorCode): void
  /** The client may send no more than its window: what comes is still told. */
  pause(stream: Http2Stream): void
  resume(stream: Http2Stream): void
}

export function createStream(id: number, head: RequestHead, sendWindow: number, receiveWindow: number): Http2Stream {
  return {
    id,
    head,
    receiver: undefined,
    early: [],
    sendWindow,
    receiveWindow,
    received: 0,
    queue: [],
    queueOffset: 0,
    queuedBytes: 0,
    trailers: undefined,
    isPaused: false,
    isFinished: false,
    isEnded: false,
    isClosed: false,
  }
}
