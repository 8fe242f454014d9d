// The Huffman code of header strings (RFC 7541, appendix B). It is canonical: the lengths of the codes say all.

// biome-ignore format: sixteen to a line, as the RFC's table has them
const LENGTHS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
]
const END = 256
/** A padding is shorter than a byte. */
const paddingBitsMax = 7

/** Two numbers a node, for the bits 0 and 1: the next node, or the complement of a symbol. */
const TREE = treeOf(LENGTHS)

function treeOf(lengths: readonly number[]): Int16Array {
  const tree = new Int16Array(2 * lengths.length)
  const symbols = lengths.map((_, symbol) => symbol)
  symbols.sort((a, b) => lengthOf(lengths, a) - lengthOf(lengths, b) || a - b)
  let nodes = 1
  let code = 0
  let codeLength = 0
  for (const symbol of symbols) {
    const length = lengthOf(lengths, symbol)
    code <<= length - codeLength
    codeLength = length
    let node = 0
    for (let bit = length - 1; bit > 0; bit--) {
      const at = 2 * node + ((code >>> bit) & 1)
      if (tree[at] === 0) tree[at] = nodes++
      node = tree[at] as number
    }
    tree[2 * node + (code & 1)] = ~symbol
    code++
  }
  return tree
}

function lengthOf(lengths: readonly number[], symbol: number): number {
  return lengths[symbol] as number
}

/** The text of these bytes; undefined where they are no such code. */
export function decodeHuffman(bytes: Buffer, start: number, end: number): string | undefined {
  // No code is shorter than five bits.
  const out = Buffer.allocUnsafe(Math.ceil(((end - start) * 8) / 5))
  let length = 0
  let node = 0
  let bits = 0
  let isPadding = true
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    for (let shift = 7; shift >= 0; shift--) {
      const bit = (byte >>> shift) & 1
      const next = TREE[2 * node + bit] as number
      if (next >= 0) {
        node = next
        bits++
        isPadding &&= bit === 1
        continue
      }
      if (~next === END) return undefined
      out[length++] = ~next
      node = 0
      bits = 0
      isPadding = true
    }
  }
  return bits <= paddingBitsMax && isPadding ? out.toString('latin1', 0, length) : undefined
}
