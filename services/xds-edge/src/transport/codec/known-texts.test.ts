// Texts that are found again: whatever came before, each is what its own bytes say.
import { array, assert, constantFrom, nat, oneof, property, string, uint8Array } from 'fast-check'
import { expect, test } from 'vitest'
import { createKnownTexts } from './known-texts.ts'
import { cursor, readString } from './wire.ts'

const fieldOf = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from([bytes.length]), bytes])

test('each is read as it would be alone', async () => {
  const text = oneof(
    string({ maxLength: 100 }).map((one) => Buffer.from(one).subarray(0, 127)),
    string({ unit: constantFrom('ä', 'a', '\uFFFD', 'ÿ'), maxLength: 2 }).map((one) => Buffer.from(one)),
    uint8Array({ maxLength: 2 }),
    uint8Array({ maxLength: 127 }),
  )
  await assert(
    property(array(text, { maxLength: 20 }), array(nat(19), { maxLength: 60 }), (all, order) => {
      const texts = createKnownTexts()
      for (const i of order) {
        const bytes = fieldOf(all[i % all.length] ?? Buffer.alloc(0))
        const [one, alone] = [cursor(bytes), cursor(bytes)]
        expect([texts.read(one), one.at]).toEqual([readString(alone), alone.at])
      }
    }),
    { numRuns: 500 },
  )
})

test.each<[string, Buffer]>([
  ['a text that is cut', Buffer.from([5, 97])],
  ['a length that is cut', Buffer.from([0x80])],
  ['nothing at all', Buffer.alloc(0)],
  ['a length over what is there, of a text that is known', Buffer.from([1])],
])('what is broken stays so: %s', (_name, bytes) => {
  const texts = createKnownTexts()
  texts.read(cursor(Buffer.from([1, 97])))
  const c = cursor(bytes)
  expect([texts.read(c), c.broken]).toEqual(['', true])
})

test('one of two texts that share a place is not read as the other', () => {
  const texts = createKnownTexts()
  const names = Array.from({ length: 50_000 }, (_, i) => `name-${i}`)
  for (const name of [...names, ...names]) {
    expect(texts.read(cursor(fieldOf(Buffer.from(name))))).toBe(name)
  }
})
