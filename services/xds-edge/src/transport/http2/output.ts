// What a connection writes: frames in order, gathered until its turn to be written, then with one system call. Small payloads
// are copied together; large ones are written where they lie, so that a response to a thousand streams is there once.
import type { Socket } from 'node:net'
import { FRAME, headBytes, writeHead } from './frames.ts'

export interface Output {
  /** A DATA frame. The payload is not copied before it is written: never change it. */
  data(id: number, payload: Buffer): void
  /** A whole frame of any other type. */
  frame(frame: Buffer): void
  /** The peer does not take what is written: nothing more should be, until the socket drains. */
  isClogged(): boolean
  flush(): void
}

/** From here on a payload is not copied. */
const largeBytes = 4096
const blockBytesMax = 64 * 1024
const cloggedBytes = 1024 * 1024

/** `schedule`: calls back soon, once for all that is written until then. */
export function createOutput(socket: Socket, schedule: (flush: () => void) => void): Output {
  /** Payloads, each with the stream that its head names; 0: it has its own head. */
  let payloads: Buffer[] = []
  let ids: number[] = []
  /** With heads. */
  let bytes = 0
  /** Of these, what is copied. */
  let copiedBytes = 0

  const add = (id: number, payload: Buffer): void => {
    if (payloads.length === 0) schedule(flush)
    payloads.push(payload)
    ids.push(id)
    const size = id === 0 ? 0 : headBytes
    bytes += size + payload.length
    copiedBytes += payload.length < largeBytes ? size + payload.length : size
  }
  /** Nearly always: one message of one stream. */
  const flushOne = (id: number, payload: Buffer): void => {
    bytes = 0
    copiedBytes = 0
    if (socket.destroyed || socket.writableEnded) return
    if (id === 0) {
      socket.write(payload)
      return
    }
    const frame = Buffer.allocUnsafe(headBytes + payload.length)
    writeHead(frame, 0, payload.length, FRAME.data, 0, id)
    frame.set(payload, headBytes)
    socket.write(frame)
  }
  const flush = (): void => {
    if (payloads.length === 0) return
    if (payloads.length === 1 && bytes < largeBytes) {
      flushOne(ids.pop() as number, payloads.pop() as Buffer)
      return
    }
    const [parts, partIds, toCopy] = [payloads, ids, copiedBytes]
    const isOneBlock = bytes === copiedBytes && bytes <= blockBytesMax
    payloads = []
    ids = []
    bytes = 0
    copiedBytes = 0
    if (socket.destroyed || socket.writableEnded) return
    if (!isOneBlock) socket.cork()
    writeParts(socket, parts, partIds, toCopy)
    if (!isOneBlock) socket.uncork()
  }
  return {
    data: add,
    frame: (frame) => add(0, frame),
    isClogged: () => bytes + socket.writableLength > cloggedBytes,
    flush,
  }
}

function writeParts(socket: Socket, parts: readonly Buffer[], ids: readonly number[], toCopy: number): void {
  let left = toCopy
  let block: Buffer = Buffer.allocUnsafe(Math.min(left, blockBytesMax))
  /** Of the block, what is not written yet starts here. */
  let from = 0
  let at = 0
  const writeBlock = (): void => {
    if (at > from) socket.write(block.subarray(from, at))
    from = at
  }
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as Buffer
    const id = ids[i] as number
    const isLarge = part.length >= largeBytes
    const size = (id === 0 ? 0 : headBytes) + (isLarge ? 0 : part.length)
    if (at + size > block.length) {
      writeBlock()
      block = Buffer.allocUnsafe(Math.max(size, Math.min(left, blockBytesMax)))
      from = 0
      at = 0
    }
    left -= size
    if (id !== 0) {
      writeHead(block, at, part.length, FRAME.data, 0, id)
      at += headBytes
    }
    if (isLarge) {
      writeBlock()
      socket.write(part)
    } else {
      block.set(part, at)
      at += part.length
    }
  }
  writeBlock()
}
