// What a client of one fleet holds, and the files that come of it: rule 6 of the design without an Envoy to ask.
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import { CLUSTER, ENDPOINTS, LISTENER, ROUTES } from '@fleetcast/shared/resources/types'
import { expect, test } from 'vitest'
import { filesOf } from './fleet-files.ts'
import { createFleetWorld, type FleetWorld } from './fleet-world.ts'

const types = createEnvoyTypes()
const ads = { ads: {}, resource_api_version: 'V3' }
const cluster = (name: string) => ({
  '@type': CLUSTER,
  name,
  type: 'EDS',
  eds_cluster_config: { eds_config: ads },
})
const assignment = (name: string) => ({ '@type': ENDPOINTS, cluster_name: name })

function worldOf(...clusters: readonly string[]): FleetWorld {
  const world = createFleetWorld(types)
  world.take(CLUSTER, clusters.map(cluster))
  world.take(ENDPOINTS, clusters.map(assignment))
  world.take(LISTENER, [])
  return world
}
const heldBy = (world: FleetWorld): string => [...world.held(CLUSTER).keys(), ...world.wanted(ENDPOINTS)].join()

test('a cluster that is gone stays, with its endpoints, until its departure is dropped', () => {
  const world = worldOf('a', 'b')
  const departure = world.take(CLUSTER, [cluster('a')])
  expect(heldBy(world)).toBe('a,b,a,b')
  world.drop(departure ?? 0)
  expect(heldBy(world)).toBe('a,a')
  expect(world.lacks()).toEqual([])
})

test('a cluster that came back, or left again since, is not dropped with its first departure', () => {
  const world = worldOf('a', 'b')
  const first = world.take(CLUSTER, [cluster('a')])
  // Nothing leaves twice.
  expect(world.take(CLUSTER, [cluster('a')])).toBeUndefined()
  expect(world.take(CLUSTER, ['a', 'b'].map(cluster))).toBeUndefined()
  const second = world.take(CLUSTER, [cluster('a')])
  world.drop(first ?? 0)
  expect(heldBy(world)).toBe('a,b,a,b')
  world.drop(second ?? 0)
  expect(heldBy(world)).toBe('a,a')
})

test('an Envoy hears of endpoints, clusters, routes and listeners in that order', () => {
  const world = worldOf('a')
  world.take(ROUTES, [])
  expect([...filesOf(world, '/srv').keys()]).toEqual(['eds/a.yaml', 'cds.yaml', 'lds.yaml'])
  expect(filesOf(world, '/srv').get('cds.yaml')?.text).toContain('"/srv/eds/a.yaml"')
})
