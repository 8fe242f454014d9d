// Position vectors: merging, staleness, and the generations that a head has left.
import { expect, it } from 'vitest'
import { hasReached, isStale, leaveGenerations, mergePositions } from './positions.ts'

const at = (n: number, generation = 'g') => ({ generation, n })

it.each([
  [undefined, at(0), false],
  [at(1), at(1), true],
  [at(2), at(1), true],
  [at(1), at(2), false],
  [at(9, 'other'), at(1), false],
])('%j has reached %j: %s', (has, wanted, reached) => {
  expect(hasReached(has, wanted)).toBe(reached)
})

it.each([
  [{}, { a: at(1) }, { a: at(1) }],
  [{ a: at(2) }, { a: at(1) }, { a: at(2) }],
  [{ a: at(1) }, { a: at(2) }, { a: at(2) }],
  [{ a: at(5) }, { a: at(1, 'h') }, { a: at(1, 'h') }],
  [{ a: at(1) }, { b: at(1) }, { a: at(1), b: at(1) }],
])('%j merged with %j', (earlier, later, merged) => {
  expect(mergePositions(earlier, later)).toEqual(merged)
})

it.each([
  ['equal', { a: at(1) }, {}, { a: at(1) }, false],
  ['behind', { a: at(2) }, {}, { a: at(1) }, true],
  ['a site missing', { a: at(1) }, {}, {}, true],
  ['a new generation', { a: at(9) }, {}, { a: at(0, 'h') }, false],
  ['a generation that was left', { a: at(1, 'h') }, { a: ['g'] }, { a: at(9) }, true],
])('stale: %s', (_name, head, past, request, stale) => {
  expect(isStale(head, past, request)).toBe(stale)
})

it('remembers the last four generations that a head left', () => {
  const names = ['g0', 'g1', 'g2', 'g3', 'g4', 'g5']
  const left = names
    .slice(1)
    .reduce((past, name, i) => leaveGenerations(past, { a: at(1, names[i]) }, { a: at(1, name) }), {})
  expect(left).toEqual({ a: ['g4', 'g3', 'g2', 'g1'] })
  expect(leaveGenerations(left, { a: at(1) }, { a: at(2) })).toBe(left)
})
