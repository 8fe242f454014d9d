// Cuts what arrives on a stream into gRPC messages, however the chunks fall. Holds no more than has arrived, and counts
// what it holds together with all other streams.

export type FrameFault = 'compressed' | 'large' | 'crowded'

/** What all readers of a server hold together. */
export interface Intake {
  heldBytes: number
  readonly heldBytesMax: number
}

export interface FrameReader {
  push(chunk: Buffer): void
  /** The next whole message, undefined until there is one. */
  next(): Buffer | undefined
  /** Why no message will ever come again. */
  fault(): FrameFault | undefined
  /** It holds nothing: a new one would do as well. */
  isEmpty(): boolean
  /** Forgets what it holds. */
  close(): void
}

export const prefixBytes = 5
/** Smaller chunks are copied together: each for itself would cost many times its bytes. */
const chunkBytesMin = 4096
const blockBytes = 16 * 1024

/** True where the chunk is one message and nothing else: it needs no reader. Its text starts after `prefixBytes`. */
export const isWholeMessage = (chunk: Buffer, messageBytesMax: number): boolean =>
  chunk.length >= prefixBytes &&
  chunk[0] === 0 &&
  chunk.length <= messageBytesMax &&
  chunk.readUInt32BE(1) === chunk.length - prefixBytes

export function createFrameReader(messageBytesMax: number, intake: Intake): FrameReader {
  let chunks: Buffer[] = []
  let heldBytes = 0
  /** The last of `chunks`, where it still has room: a part of `block`. */
  let block: Buffer | undefined
  let blockUsed = 0
  /** Bytes that the message under way needs, its prefix included. */
  let wantedBytes = prefixBytes
  let fault: FrameFault | undefined

  const hold = (bytes: number): void => {
    heldBytes += bytes
    intake.heldBytes += bytes
  }
  const closeBlock = (): void => {
    if (block !== undefined) chunks[chunks.length - 1] = block.subarray(0, blockUsed)
    block = undefined
  }
  const append = (chunk: Buffer): void => {
    if (block !== undefined && blockUsed + chunk.length <= blockBytes) {
      blockUsed += chunk.copy(block, blockUsed)
      return
    }
    closeBlock()
    if (chunk.length >= chunkBytesMin || chunks.length === 0) {
      chunks.push(chunk)
      return
    }
    block = Buffer.allocUnsafeSlow(blockBytes)
    blockUsed = chunk.copy(block)
    chunks.push(block)
  }
  /** The first chunk, made so that it has this many bytes, which are held. No more is copied than that takes. */
  const front = (bytes: number): Buffer => {
    if (chunks.length === 1 || (chunks[0]?.length ?? 0) < bytes) closeBlock()
    let count = 0
    for (let size = 0; size < bytes; count++) size += chunks[count]?.length ?? bytes
    const first = chunks[0]
    const whole = count === 1 && first !== undefined ? first : Buffer.concat(chunks.slice(0, count))
    if (count > 1) chunks.splice(0, count, whole)
    return whole
  }
  const forget = (): void => {
    hold(-heldBytes)
    chunks = []
    block = undefined
  }

  return {
    fault: () => fault,
    isEmpty: () => heldBytes === 0 && fault === undefined,
    push(chunk) {
      if (chunk.length === 0 || fault !== undefined) return
      append(chunk)
      hold(chunk.length)
      if (intake.heldBytes <= intake.heldBytesMax) return
      fault = 'crowded'
      forget()
    },
    next() {
      if (heldBytes < wantedBytes || fault !== undefined) return undefined
      const head = front(prefixBytes)
      const length = head.readUInt32BE(1)
      if (head[0] !== 0) fault = 'compressed'
      else if (length > messageBytesMax) fault = 'large'
      if (fault !== undefined) {
        forget()
        return undefined
      }
      const end = prefixBytes + length
      wantedBytes = end
      if (heldBytes < end) return undefined
      const bytes = front(end)
      hold(-end)
      if (bytes.length === end) chunks.shift()
      else chunks[0] = bytes.subarray(end)
      wantedBytes = prefixBytes
      return bytes.subarray(prefixBytes, end)
    },
    close: forget,
  }
}
