// Diff and digest: the change between two maps, and a sum that only knows content.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Entry, entryKey } from '../store/set-store.ts'
import { diff, effective, patched } from './diff.ts'
import { addToDigest, digestOf, EMPTY_DIGEST, takeFromDigest } from './digest.ts'
import { resource } from './resource.ts'

const entry = (name: string, text: string): Entry => resource({ type: 't', name, bytes: Buffer.from(text) })
const link = (name: string, to: string): Entry => ({ type: 't', name, link: to })
const mapOf = (...entries: Entry[]) => new Map(entries.map((each) => [entryKey(each), each]))

const entries = fc
  .dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.constantFrom('1', '2', 'link'))
  .map((texts) =>
    mapOf(...Object.entries(texts).map(([name, text]) => (text === 'link' ? link(name, 'v') : entry(name, text)))),
  )

describe('diff', () => {
  it.each([
    ['nothing', mapOf(entry('a', '1')), mapOf(entry('a', '1')), [], []],
    ['a new one', mapOf(), mapOf(entry('a', '1')), ['a'], []],
    ['another version', mapOf(entry('a', '1')), mapOf(entry('a', '2')), ['a'], []],
    ['one gone', mapOf(entry('a', '1')), mapOf(), [], ['t\na']],
    ['a link in place of a resource', mapOf(entry('a', '1')), mapOf(link('a', 'v')), ['a'], []],
    ['a link elsewhere', mapOf(link('a', 'v')), mapOf(link('a', 'w')), ['a'], []],
  ])('%s', (_name, before, after, put, remove) => {
    const change = diff(before, after)
    expect([change.put.map(({ name }) => name), change.remove]).toEqual([put, remove])
  })
  it('makes one map into the other, with no more than is needed', () => {
    fc.assert(
      fc.property(entries, entries, (before, after) => {
        const change = diff(before, after)
        expect(patched(before, change)).toEqual(after)
        expect(effective(before, change)).toEqual(change)
        expect(diff(after, after)).toEqual({ put: [], remove: [] })
      }),
    )
  })
  it('an effective change has the effect of the change', () => {
    fc.assert(
      fc.property(entries, entries, fc.array(fc.constantFrom('t\na', 't\nx')), (before, puts, remove) => {
        const change = { put: [...puts.values()], remove: remove.filter((key) => !puts.has(key)) }
        expect(patched(before, effective(before, change))).toEqual(patched(before, change))
      }),
    )
  })
})

describe('rule 1: the digest', () => {
  it('is the same for equal content, whatever the way to it', () => {
    fc.assert(
      fc.property(entries, entries, (before, after) => {
        const change = diff(before, after)
        const replaced = [...change.put.map(entryKey), ...change.remove].map((key) => before.get(key))
        const taken = takeFromDigest(
          digestOf(before.values()),
          replaced.filter((old) => old !== undefined),
        )
        expect(addToDigest(taken, change.put)).toBe(digestOf([...after.values()].reverse()))
        if (digestOf(before.values()) === digestOf(after.values())) expect(before).toEqual(after)
      }),
    )
  })
  it.each([
    ['nothing', [], EMPTY_DIGEST],
    ['one resource', [entry('a', '1')], '301955870332473dc8c2c0712845e19f'],
  ])('of %s is known', (_name, some, digest) => {
    expect(digestOf(some)).toBe(digest)
  })
})
