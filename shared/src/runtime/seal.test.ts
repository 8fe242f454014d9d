// Sealing: what comes back, and what tells nothing.
import { expect, it } from 'vitest'
import { createSealer } from './seal.ts'

const key = Buffer.alloc(32, 1)
const sealer = createSealer(key)

it.each([[''], ['secret'], ['x'.repeat(100_000)]])('rule 8: %# comes back with the same key, and only so', (text) => {
  const sealed = sealer.seal(Buffer.from(text))
  expect(sealer.open(sealed)?.toString()).toBe(text)
  expect(createSealer(key).seal(Buffer.from(text))).toEqual(sealed)
  if (text) expect(sealed.includes(text)).toBe(false)
  expect(createSealer(Buffer.alloc(32, 2)).open(sealed)).toBeUndefined()
  for (const at of [0, 12, sealed.length - 1]) {
    const changed = Buffer.from(sealed)
    changed[at]! ^= 1
    expect(sealer.open(changed)).toBeUndefined()
  }
})

it('other content has another IV', () => {
  const [a, b] = ['a', 'b'].map((text) => sealer.seal(Buffer.from(text)).subarray(0, 12))
  expect(a).not.toEqual(b)
})

it('half of a sealed text is none', () => {
  expect(sealer.open(sealer.seal(Buffer.from('x')).subarray(0, 20))).toBeUndefined()
})

it('a key of another length is refused without showing it', () => {
  expect(() => createSealer(Buffer.from('KEY'))).toThrow('a seal key has 32 bytes, this one 3')
})
