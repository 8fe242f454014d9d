// Cuts what arrives on a stream into gRPC messages, however the chunks fall. Holds no more than has arrived.

export type FrameFault = 'compressed' | 'large'

export interface FrameReader {
  /** True where the chunk is one whole message and nothing waits: then it need not be pushed. Its text starts after `prefixBytes`. */
  isWhole(chunk: Buffer): boolean
  push(chunk: Buffer): void
  /** The next whole message, undefined until there is one. */
  next(): Buffer | undefined
  /** Why no message will ever come again. */
  readonly fault: FrameFault | undefined
}

export const prefixBytes = 5

export function createFrameReader(messageBytesMax: number): FrameReader {
  let chunks: Buffer[] = []
  let heldBytes = 0
  /** Bytes that the message under way needs, its prefix included. */
  let wantedBytes = prefixBytes
  let fault: FrameFault | undefined

  const joined = (): Buffer => {
    const [first] = chunks
    const whole = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, heldBytes)
    chunks = [whole]
    return whole
  }

  return {
    get fault() {
      return fault
    },
    isWhole: (chunk) =>
      heldBytes === 0 &&
      fault === undefined &&
      chunk.length >= prefixBytes &&
      chunk[0] === 0 &&
      chunk.length <= messageBytesMax &&
      chunk.readUInt32BE(1) === chunk.length - prefixBytes,
    push(chunk) {
      if (chunk.length === 0 || fault !== undefined) return
      chunks.push(chunk)
      heldBytes += chunk.length
    },
    next() {
      if (heldBytes < wantedBytes || fault !== undefined) return undefined
      const bytes = joined()
      const length = bytes.readUInt32BE(1)
      if (bytes[0] !== 0) fault = 'compressed'
      else if (length > messageBytesMax) fault = 'large'
      if (fault !== undefined) {
        chunks = []
        heldBytes = 0
        return undefined
      }
      const end = prefixBytes + length
      wantedBytes = end
      if (heldBytes < end) return undefined
      heldBytes -= end
      chunks = heldBytes === 0 ? [] : [bytes.subarray(end)]
      wantedBytes = prefixBytes
      return bytes.subarray(prefixBytes, end)
    },
  }
}
