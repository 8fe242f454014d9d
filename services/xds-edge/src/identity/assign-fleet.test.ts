// Which fleet a node may have: one row a rule of the design, section 8.
import type { DirectoryFleet } from '@fleetcast/shared/store/directory'
import { expect, test } from 'vitest'
import { assignFleet } from './assign-fleet.ts'

const fleet = (name: string, nodes?: DirectoryFleet['nodes'], retired = false): DirectoryFleet => ({
  name,
  ...(nodes && { nodes }),
  views: [],
  retired,
  removeAfterMs: 0,
})
const edge = fleet('edge', { cluster: ['edge-*'] })
const guarded = fleet('safe', { cluster: ['safe'], identity: ['spiffe://mesh/*'] })

test.each<[string, DirectoryFleet[], { id?: string; cluster?: string; names?: string[] }, string]>([
  ['nodes that match', [edge, fleet('default')], { cluster: 'edge-1' }, 'fleet edge'],
  ['both lists must match', [fleet('a', { cluster: ['c'], id: ['x*'] })], { cluster: 'c', id: 'y' }, 'unassigned'],
  ['the fleet named like the cluster', [edge, fleet('web')], { cluster: 'web' }, 'fleet web'],
  ['else the default', [edge, fleet('default')], { cluster: 'other' }, 'fleet default'],
  ['else none', [edge], { cluster: 'other' }, 'unassigned'],
  ['of several the first by name', [fleet('b', { id: ['*'] }), fleet('a', { id: ['*'] })], {}, 'fleet a'],
  ['a living one first', [fleet('a', { id: ['*'] }, true), fleet('b', { id: ['*'] })], {}, 'fleet b'],
  ['a retired one is held', [fleet('web', undefined, true)], { cluster: 'web' }, 'retired web'],
  ['rule 104: an identity that fits', [guarded], { cluster: 'safe', names: ['spiffe://mesh/a'] }, 'fleet safe'],
  ['rule 104: another identity', [guarded], { cluster: 'safe', names: ['spiffe://other'] }, 'refused'],
  ['rule 104: no certificate', [guarded], { cluster: 'safe' }, 'refused'],
])('%s', (_name, fleets, { id = 'n', cluster = 'c', names }, expected) => {
  const byName = new Map(fleets.map((one) => [one.name, one]))
  const found = assignFleet({ id, cluster, names }, byName, { singleFleet: false })
  expect('fleet' in found ? `${found.kind} ${found.fleet.name}` : found.kind).toBe(expected)
})

test.each<[string, DirectoryFleet[], string]>([
  ['the only fleet, with a warning', [edge], 'fleet with a warning'],
  ['not one of two', [edge, fleet('b')], 'unassigned'],
])('one process: %s', (_name, fleets, expected) => {
  const byName = new Map(fleets.map((one) => [one.name, one]))
  const found = assignFleet({ id: 'n', cluster: 'c', names: undefined }, byName, { singleFleet: true })
  expect(found.kind === 'fleet' ? `fleet ${found.warning ? 'with a warning' : ''}` : found.kind).toBe(expected)
})
