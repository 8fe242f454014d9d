import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import { resource } from '@fleetcast/shared/resources/resource'
import { createMemoryStore } from '@fleetcast/shared/store/memory'
import { type Entry, entryKey, type SetStore } from '@fleetcast/shared/store/set-store'
import { beforeEach, describe, expect, test } from 'vitest'
import { diffOf, historyOf, rollBack } from './history.ts'

const CLUSTER = 'type.googleapis.com/envoy.config.cluster.v3.Cluster'
const entry = (name: string, text: string): Entry => resource({ type: CLUSTER, name, bytes: Buffer.from(text) })

const made = createEnvoyTypes()
const types = () => made
let store: SetStore
/** Revision 1: a, b. Revision 2: b changed, c added. Revision 3: a removed. */
beforeEach(async () => {
  store = createMemoryStore()
  const { id: generation } = await store.createGeneration()
  const commits = [
    { put: [entry('a', '1'), entry('b', '1')], remove: [] },
    { put: [entry('b', '2'), entry('c', '1')], remove: [] },
    { put: [], remove: [entryKey(entry('a', '1'))] },
  ]
  for (const [base, change] of commits.entries()) {
    await store.commit({ set: 'fleet/f', generation, base, positions: {}, change, cause: `step ${base + 1}` })
  }
})

const rows: [from: number | undefined, to: number | undefined, expected: string[] | undefined][] = [
  [undefined, undefined, ['removed a']],
  [1, 2, ['changed b', 'added c']],
  [1, 3, ['removed a', 'changed b', 'added c']],
  [3, 1, ['added a', 'changed b', 'removed c']],
  [0, 1, ['added a', 'added b']],
  [2, 2, []],
  [3, 4, undefined],
]

describe('revisions of a fleet', () => {
  test.each(rows)('diff %s to %s', async (from, to, expected) => {
    const diff = await diffOf(store, 'f', { from, to }, types)
    expect(diff?.changes.map((c) => `${c.change} ${c.name}`)).toEqual(expected)
  })

  test('history, newest first', async () => {
    const history = await historyOf(store, 'f', 2)
    expect(history?.map((r) => [r.revision, r.cause, r.changes.length])).toEqual([
      [3, 'step 3', 1],
      [2, 'step 2', 2],
    ])
  })

  test.each([1, 2, 3])('going back to %s gives its content as a new revision', async (revision) => {
    const done = await rollBack(store, 'f', revision)
    expect(done?.revision).toBe(revision)
    const diff = await diffOf(store, 'f', { from: revision, to: done?.as }, types)
    expect(diff?.changes.filter((c) => c.type === 'cds')).toEqual([])
  })

  test('what is not there', async () => {
    expect(await historyOf(store, 'g', 2)).toBeUndefined()
    expect(await diffOf(store, 'g', {}, types)).toBeUndefined()
    expect(await rollBack(store, 'g', 1)).toBeUndefined()
    expect(await rollBack(store, 'f', 9)).toBeUndefined()
  })
})
