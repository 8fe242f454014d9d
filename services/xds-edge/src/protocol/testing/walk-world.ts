// A small world for random walks: clusters, endpoints, listeners, scopes and routes that always refer to what is there, and
// things that stand alone, changed at random. Some have a TTL, some are asked for by other names. Tests only.
import { diff } from '@fleetcast/shared/resources/diff'
import { type Resource, resource, type TypeUrl } from '@fleetcast/shared/resources/resource'
import {
  CLUSTER,
  ENDPOINTS,
  EXTENSION,
  LISTENER,
  ROUTES,
  RUNTIME,
  SCOPED_ROUTES,
  SECRET,
  VIRTUAL_HOST,
} from '@fleetcast/shared/resources/types'
import { entryKey } from '@fleetcast/shared/store/set-store'
import type { FleetUpdate } from '../../sets/fleet-history.ts'

/** A whole number from 0 up to, not including, `below`. */
export type Pick = (below: number) => number

/** Deterministic and good enough for walks: mulberry32. */
export function createPick(seed: number): Pick {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

export interface World {
  /** All resources by key, as of now. */
  readonly resources: ReadonlyMap<string, Resource>
  /** Changes something, or several things at once, and returns what it takes to get there. */
  change(): FleetUpdate
  /** Gives every resource new content, and each full state some. */
  renew(): FleetUpdate
}

const NAMES = ['a', 'b', 'c', 'd', 'e']
const KINDS = [
  ...[
    'cluster',
    'endpoint',
    'assignment',
    'reroute',
    'listener',
    'relisten',
    'drop',
    'scope',
    'unscope',
    'alone',
    'alone',
  ],
] as const
/** Types that nothing of the model refers to, with the names that they have. */
const ALONE: readonly (readonly [TypeUrl, readonly string[]])[] = [
  [SECRET, ['a', 'b', 'xdstp://w/s/a?y=2&x=1', 'xdstp://w/s/b?x=1&y=2', 'xdstp://w/s/c']],
  [EXTENSION, ['a', 'b']],
  [RUNTIME, ['a']],
  [VIRTUAL_HOST, ['r/a', 'r/b']],
]

export function createWorld(pick: Pick): World {
  let content = 0
  const clusters = new Map<string, { v: number; eds: string }>([['a', { v: 0, eds: 'a' }]])
  const endpoints = new Map<string, number>([['a', 0]])
  const routes = new Map<string, { v: number; refs: string[] }>([['a', { v: 0, refs: ['a'] }]])
  const listeners = new Map<string, { v: number; refs: string[] }>([['a', { v: 0, refs: ['a'] }]])
  const scopes = new Map<string, { v: number; refs: string[] }>()
  const alone = new Map(ALONE.map(([type]) => [type, new Map<string, number>()]))
  /** Made once, for there are many walks. */
  const made = new Map<string, Resource>()
  let resources = build()

  const name = (): string => NAMES[pick(NAMES.length)] ?? 'a'
  const some = (names: Iterable<string>): string[] => {
    const all = [...names]
    const first = all[pick(all.length || 1)]
    return first === undefined ? [] : [...new Set([first, all[pick(all.length)] ?? first])].slice(0, 1 + pick(2))
  }
  function addCluster(): string {
    const added = name()
    if (!clusters.has(added)) {
      clusters.set(added, { v: ++content, eds: pick(5) === 0 ? 'shared' : added })
      if (pick(6) > 0) endpoints.set(clusters.get(added)?.eds ?? added, ++content)
    }
    return added
  }
  /** What nothing refers to may go. */
  function sweep(): void {
    const usedRoutes = new Set([...listeners.values(), ...scopes.values()].flatMap(({ refs }) => refs))
    for (const route of routes.keys()) if (!usedRoutes.has(route) && pick(2) === 0) routes.delete(route)
    const usedClusters = new Set([...routes.values()].flatMap(({ refs }) => refs))
    for (const cluster of clusters.keys()) if (!usedClusters.has(cluster) && pick(2) === 0) clusters.delete(cluster)
    const usedEndpoints = new Set([...clusters.values()].map(({ eds }) => eds))
    for (const one of endpoints.keys()) if (!usedEndpoints.has(one) && pick(3) > 0) endpoints.delete(one)
  }
  function changeOne(kind: string): void {
    if (kind === 'cluster') {
      const one = addCluster()
      if (pick(2) === 0)
        clusters.set(one, { v: ++content, eds: pick(4) === 0 ? name() : (clusters.get(one)?.eds ?? one) })
    } else if (kind === 'endpoint') for (const one of some(endpoints.keys())) endpoints.set(one, ++content)
    else if (kind === 'assignment') {
      const one = name()
      if (endpoints.has(one)) endpoints.delete(one)
      else endpoints.set(one, ++content)
    } else if (kind === 'reroute') {
      if (pick(2) === 0) addCluster()
      for (const one of pick(3) === 0 ? [name()] : some(routes.keys())) {
        const refs = some(clusters.keys())
        if (refs.length > 0) routes.set(one, { v: ++content, refs })
      }
    } else if (kind === 'listener') {
      const refs = some(routes.keys())
      if (refs.length > 0) listeners.set(name(), { v: ++content, refs })
    } else if (kind === 'relisten') {
      const added = name()
      if (!routes.has(added)) routes.set(added, { v: ++content, refs: some(clusters.keys()) })
      for (const one of some(listeners.keys())) listeners.set(one, { v: ++content, refs: some(routes.keys()) })
    } else if (kind === 'drop') {
      for (const one of some(listeners.keys())) if (listeners.size > 1) listeners.delete(one)
    } else if (kind === 'scope') {
      const refs = some(routes.keys())
      if (refs.length > 0) scopes.set(name(), { v: ++content, refs })
    } else if (kind === 'unscope') for (const one of some(scopes.keys())) scopes.delete(one)
    else changeAlone()
  }
  function changeAlone(): void {
    const [type, names] = ALONE[pick(ALONE.length)] ?? [SECRET, NAMES]
    const one = names[pick(names.length)] ?? 'a'
    if (pick(3) === 0) alone.get(type)?.delete(one)
    else alone.get(type)?.set(one, ++content)
  }
  function build(): Map<string, Resource> {
    const all: Resource[] = []
    const put = (type: TypeUrl, one: string, v: number, text: string, endpointsName?: string): void => {
      const ttlSeconds = v % 5 === 4 ? 7 : undefined
      const aliases = type === VIRTUAL_HOST ? [`${one}.host`] : undefined
      const key = `${type} ${one} ${text}`
      const known =
        made.get(key) ?? resource({ type, name: one, bytes: Buffer.from(text), endpointsName, ttlSeconds, aliases })
      made.set(key, known)
      all.push(known)
    }
    for (const [one, { v, eds }] of clusters) put(CLUSTER, one, v, `${one} ${v} ${eds}`, eds)
    for (const [one, v] of endpoints) put(ENDPOINTS, one, v, `${one} ${v}`)
    for (const [one, value] of routes) put(ROUTES, one, value.v, JSON.stringify(value))
    for (const [one, value] of listeners) put(LISTENER, one, value.v, JSON.stringify(value))
    for (const [one, value] of scopes) put(SCOPED_ROUTES, one, value.v, JSON.stringify(value))
    for (const [type, names] of alone) for (const [one, v] of names) put(type, one, v, `${one} ${v}`)
    return new Map(all.map((each) => [entryKey(each), each]))
  }
  function settle(): FleetUpdate {
    const before = resources
    resources = build()
    const { put, remove } = diff(before, resources)
    return {
      put: put as Resource[],
      remove: remove.map((key) => ({ type: key.split('\n')[0] ?? '', name: key.split('\n')[1] ?? '' })),
    }
  }
  return {
    get resources() {
      return resources
    },
    change() {
      for (let count = 1 + pick(3); count > 0; count--) changeOne(KINDS[pick(KINDS.length)] ?? 'endpoint')
      sweep()
      return settle()
    },
    renew() {
      // An empty full state may have been refused as well.
      if (scopes.size === 0) scopes.set('a', { v: 0, refs: some(routes.keys()) })
      for (const map of [clusters, routes, listeners, scopes]) for (const value of map.values()) value.v = ++content
      for (const map of [endpoints, ...alone.values()]) for (const one of map.keys()) map.set(one, ++content)
      return settle()
    },
  }
}
