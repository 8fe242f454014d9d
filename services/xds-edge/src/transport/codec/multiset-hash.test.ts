// The sum of HalfSipHash-2-4, held against values of the reference implementation, and against itself in another order.
import { array, assert, property, uint8Array } from 'fast-check'
import { expect, test } from 'vitest'
import { createMultisetHash } from './multiset-hash.ts'

const key = Buffer.from([0, 1, 2, 3, 4, 5, 6, 7])
const counting = Uint8Array.from({ length: 64 }, (_, i) => i)

function hashOf(pieces: readonly Uint8Array[], by: Buffer = key): string {
  const hash = createMultisetHash(by)
  for (const piece of pieces) hash.add(piece, 0, piece.length)
  return hash.value()
}

/** Of the bytes 0, 1, 2 and so on, with the key 0 to 7: from the reference implementation in C. */
test.each([
  [0, 0x591f8d21, 0xc83cb8b9],
  [1, 0x122455be, 0x157338f8],
  [2, 0xef394f06, 0x57eb507c],
  [3, 0x451a0fce, 0x790606f7],
  [4, 0x178ae7d5, 0xa12ee55b],
  [7, 0x282720ff, 0x84c67bb0],
  [8, 0x20e8feed, 0x8c85e4bc],
  [31, 0x157f3c86, 0x7c11345c],
  [42, 0xc0521aa9, 0x24703225],
  [53, 0x6c46ec86, 0xb21f1de7],
])('%d bytes', (length, low, high) => {
  const hash = createMultisetHash(key)
  hash.add(counting, 0, length)
  expect(hash.value()).toBe(`${low | 0} ${high | 0}`)
})

test('what is sought in a larger buffer is what stands there', () => {
  const hash = createMultisetHash(key)
  hash.add(counting, 5, 18)
  expect(hash.value()).toBe(hashOf([counting.slice(5, 18)]))
  hash.clear()
  expect(hash.value()).toBe('0 0')
})

test('the order of the pieces counts for nothing, all else does', async () => {
  const sorted = (pieces: readonly Uint8Array[]) => pieces.map((piece) => Buffer.from(piece).toString('hex')).sort()
  await assert(
    property(
      array(uint8Array({ maxLength: 9 }), { maxLength: 5 }),
      array(uint8Array({ maxLength: 9 }), { maxLength: 5 }),
      (one, other) => {
        expect(hashOf(one.toReversed())).toBe(hashOf(one))
        const isSame = sorted(one).join() === sorted(other).join() && one.length === other.length
        expect(hashOf(one) === hashOf(other)).toBe(isSame)
      },
    ),
    { numRuns: 2000 },
  )
  // Another key, another hash.
  expect(hashOf([counting], Buffer.from('another1'))).not.toBe(hashOf([counting]))
})
