import type { Place } from '@fleetcast/shared/objects/problem'
import { CLUSTER, LISTENER } from '@fleetcast/shared/resources/types'
import { originsResource, readOrigins } from '@fleetcast/shared/store/origins'
import { entryKey, type NodeStatus } from '@fleetcast/shared/store/set-store'
import { expect, test } from 'vitest'
import { refusals } from './refusals.ts'

const at = (line: number): Place => ({
  site: 'east',
  object: 'ConfigMap/shop/web',
  key: 'listeners.yaml',
  line,
  column: 3,
  path: `[${line}]`,
})
const record = originsResource('web', [
  { type: LISTENER, name: 'main', place: at(1) },
  { type: LISTENER, name: 'main-tls', place: at(2) },
  { type: CLUSTER, name: 'main', place: at(3) },
])
const origins = readOrigins('web', new Map([[entryKey(record), record]]))
const node = (id: string, type: string, error?: string): NodeStatus => ({
  id,
  cluster: 'web',
  fleet: 'web',
  edge: 'e',
  address: 'x',
  connectedAt: 'y',
  types: {
    [type]: { version: '1', acked: error === undefined, revision: 1, ...(error === undefined ? {} : { error }) },
  },
})

const cases: [name: string, type: string, error: string, place: Place][] = [
  ['the listener', 'lds', 'Error adding/updating listener(s) main: cannot bind', at(1)],
  ['the longer of two names', 'lds', 'Error adding/updating listener(s) main-tls: no certificate', at(2)],
  ['of the type that was refused', 'cds', "cluster 'main' is wrong", at(3)],
  ['at the end of a sentence', 'cds', 'unknown main.', at(3)],
  ['no name that is known', 'lds', 'mainly nothing', {}],
  ['another type', 'rds', 'route main', {}],
]
test.each(cases)('%s', (_name, type, error, place) => {
  expect(refusals([node('a', type, error)], () => origins)).toEqual([
    { severity: 'error', code: 'refused', message: `refused by a (${type} of fleet web): ${error}`, place },
  ])
})

test('what several say is said once', () => {
  const nodes = ['a', 'b', 'c', 'd', 'e'].map((id) => node(id, 'lds', 'main'))
  expect(refusals([...nodes, node('f', 'lds')], () => origins).map(({ message }) => message)).toEqual([
    'refused by a, b, c and 2 more (lds of fleet web): main',
  ])
})
