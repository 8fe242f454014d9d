// A hash of many pieces of bytes that does not depend on their order: the sum of a hash of each, HalfSipHash-2-4 with 64 bits of output
// (Aumasson and Bernstein, SipHash: a fast short-input PRF). Who does not know the key can't make two multisets with one hash.

export interface MultisetHash {
  /** Begins anew. */
  clear(): void
  /** One more piece: `bytes` from `from` to `to`. */
  add(bytes: Uint8Array, from: number, to: number): void
  /** Of the pieces so far. */
  value(): string
}

/** `key`: 8 bytes, random. */
export function createMultisetHash(key: Buffer): MultisetHash {
  const key0 = key.readInt32LE(0)
  const key1 = key.readInt32LE(4)
  const sums = new Int32Array(2)
  return {
    clear() {
      sums.fill(0)
    },
    add: (bytes, from, to) => addHash(sums, key0, key1, bytes, from, to),
    value: () => `${sums[0]} ${sums[1]}`,
  }
}

/** In local variables, which cost nothing: 0.1 µs for 45 bytes. */
function addHash(sums: Int32Array, key0: number, key1: number, bytes: Uint8Array, from: number, to: number): void {
  let v0 = key0
  let v1 = key1 ^ 0xee
  let v2 = key0 ^ 0x6c796765
  let v3 = key1 ^ 0x74656462
  const words = (to - from) >> 2
  // Block by block: the words, what is left over, and one for each half of the output.
  for (let block = 0; block <= words + 2; block++) {
    const at = from + 4 * block
    const word = block < words ? wordAt(bytes, at) : block === words ? lastWord(bytes, at, to, to - from) : 0
    v3 ^= word
    if (block === words + 1) v2 ^= 0xee
    if (block === words + 2) v1 ^= 0xdd
    for (let rounds = block <= words ? 2 : 4; rounds > 0; rounds--) {
      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)
    }
    v0 ^= word
    if (block > words) sums[block - words - 1] = (sums[block - words - 1] as number) + (v1 ^ v3)
  }
}

const byteAt = (bytes: Uint8Array, at: number): number => bytes[at] as number

const wordAt = (bytes: Uint8Array, at: number): number =>
  byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8) | (byteAt(bytes, at + 2) << 16) | (byteAt(bytes, at + 3) << 24)

/** The bytes that fill no word, and the length. */
function lastWord(bytes: Uint8Array, from: number, to: number, length: number): number {
  let word = length << 24
  for (let at = from; at < to; at++) word |= byteAt(bytes, at) << (8 * (at - from))
  return word
}
