import { expect, it } from 'vitest'
import { sameValue } from './same-value.ts'

const cases: readonly [unknown, unknown, boolean][] = [
  [1, 1, true],
  [1, '1', false],
  [undefined, undefined, true],
  [undefined, null, false],
  [{}, {}, true],
  [{}, [], false],
  [[], {}, false],
  [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
  [{ a: 1 }, { a: 1, b: undefined }, false],
  [{ a: 1, b: 2 }, { a: 1 }, false],
  [{ a: 1 }, { a: 1, b: 2 }, false],
  [{ a: { b: [1, { c: 2 }] } }, { a: { b: [1, { c: 2 }] } }, true],
  [{ a: { b: [1, { c: 2 }] } }, { a: { b: [1, { c: 3 }] } }, false],
  [[1, 2], [2, 1], false],
  [[1], [1, 2], false],
  [{ toString: 1 }, {}, false],
  [{}, { toString: 1 }, false],
]

it.each(cases)('%j and %j: %s', (a, b, expected) => {
  expect(sameValue(a, b)).toBe(expected)
  expect(sameValue(b, a)).toBe(expected)
})
