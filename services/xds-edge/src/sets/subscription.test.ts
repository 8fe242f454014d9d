// What subscriptions remember, and that it ends with those who hold them.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { createSubscriptions } from './subscription.ts'

/** What a job has touched lives until its end. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

const asked = (prefix: string) => ({
  wildcard: false,
  add: Array.from({ length: 100 }, (_, i) => `${prefix}${i}`),
  remove: [],
})

test('equal subscriptions are one, whatever the way to them', () => {
  const all = createSubscriptions()
  const one = all.change(all.none, asked('a'))
  const other = all.replace(all.none, false, asked('a').add.toReversed())
  expect(other).toBe(one)
  all.release(one)
  expect(all.size).toBe(1)
  all.release(other)
  expect(all.size).toBe(0)
})

test('names that nobody asks for any more are kept by nothing', async () => {
  const all = createSubscriptions()
  const ask = (prefix: string): WeakRef<object> => {
    const change = asked(prefix)
    const held = all.change(all.none, change)
    const later = all.change(held, asked(`${prefix} later`))
    all.release(later)
    return new WeakRef(change.add)
  }
  const refs = ['a', 'b', 'c'].map(ask)
  await turn()
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  expect(refs.map((ref) => ref.deref())).toEqual([undefined, undefined, undefined])
})
