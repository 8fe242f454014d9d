// What one fleet is served, through time: every update of its resources is one seq, over all types, and the members
// whose subscriptions it touches are told in send order. Knows no sets, no links and no streams' protocol.

import { type Resource, resource, type TypeUrl } from '@fleetcast/shared/resources/resource'
import {
  CLUSTER,
  ENDPOINTS,
  LISTENER,
  RESOURCE_TYPES,
  ROUTES,
  SCOPED_ROUTES,
  VIRTUAL_HOST,
} from '@fleetcast/shared/resources/types'
import type { Group } from './group.ts'
import { createTypeHistory, type TypeHistory, type WritableTypeHistory } from './type-history.ts'

export interface ResourceKey {
  readonly type: TypeUrl
  readonly name: string
}

export interface FleetUpdate {
  readonly put: readonly Resource[]
  readonly remove: readonly ResourceKey[]
}

export interface FleetHistory {
  readonly fleet: string
  /** Tells histories apart in nonces; never a part of a version. */
  readonly id: number
  /** Number of updates so far: 0 means that nothing is known of the fleet yet, and nobody is answered. */
  readonly seq: number
  /** Milliseconds that removals wait where there is no common stream. */
  removeAfterMs: number
  /**
   * Clusters up to this seq, and their endpoints, count as taken by clients without a common stream, of which nobody can say
   * when they have them (rule 71).
   */
  readonly clustersSettledAt: number
  type(type: TypeUrl): TypeHistory
  /** Call some time after the clusters became what they are at this seq. Tells the members that may have waited for it. */
  settleClusters(seq: number): void
  /** Takes an update whole and tells the members that it touches. False where nothing changed. */
  apply(update: FleetUpdate): boolean
}

/** Types that may refer to clusters, in send order. */
const NEED_CLUSTERS: readonly TypeUrl[] = [LISTENER, SCOPED_ROUTES, ROUTES, VIRTUAL_HOST]
/** What nobody can ask for is not kept. */
const SERVED: ReadonlySet<TypeUrl> = new Set(RESOURCE_TYPES.map(({ url }) => url))

export function createFleetHistory(options: {
  readonly fleet: string
  readonly id: number
  readonly removeAfterMs?: number
}): FleetHistory {
  let seq = 0
  let clustersSettledAt = 0
  const types = new Map<TypeUrl, WritableTypeHistory>()
  const seqNow = (): number => seq
  const typeOf = (type: TypeUrl): WritableTypeHistory => {
    const known = types.get(type)
    if (known) return known
    const made = createTypeHistory(type, seqNow)
    types.set(type, made)
    return made
  }
  const clusters = typeOf(CLUSTER)
  const endpoints = typeOf(ENDPOINTS)
  /** How many clusters take each assignment. */
  const users = new Map<string, number>()
  /** Assignments that were made here. */
  const filled = new Set<string>()

  function countUser(name: string | undefined, by: number, affected: Set<string>): void {
    if (name === undefined) return
    const count = (users.get(name) ?? 0) + by
    if (count === 0) users.delete(name)
    else users.set(name, count)
    affected.add(name)
  }
  /** Rule 75: a cluster whose assignment nobody has gets an empty one, or it would warm until its time is up. */
  function fillIn(at: number, names: Iterable<string>, resent: ReadonlySet<string>): void {
    for (const name of names) {
      const has = endpoints.get(name)
      if (has === undefined && users.has(name)) endpoints.record(at, name, emptyAssignment(name), resent.has(name))
      else if (filled.has(name) && !users.has(name)) endpoints.record(at, name, undefined)
      if (has === undefined && users.has(name)) filled.add(name)
      else if (!users.has(name)) filled.delete(name)
    }
  }
  function write(at: number, update: FleetUpdate): void {
    const affected = new Set<string>()
    const resent = new Set<string>()
    const recordCluster = (name: string, after: Resource | undefined): void => {
      const before = clusters.get(name)
      if (before !== undefined && before.version === after?.version) return
      countUser(before?.endpointsName, -1, affected)
      countUser(after?.endpointsName, 1, affected)
      if (after?.endpointsName !== undefined) resent.add(after.endpointsName)
      clusters.record(at, name, after)
    }
    // Clusters first: they tell which assignments are to be sent again.
    for (const { type, name } of update.remove) if (type === CLUSTER) recordCluster(name, undefined)
    for (const put of update.put) if (put.type === CLUSTER) recordCluster(put.name, put)
    for (const { type, name } of update.remove) {
      if (type === CLUSTER || !SERVED.has(type)) continue
      if (type !== ENDPOINTS || !filled.has(name)) typeOf(type).record(at, name, undefined)
      if (type === ENDPOINTS) affected.add(name)
    }
    for (const put of update.put) {
      if (put.type === CLUSTER || !SERVED.has(put.type)) continue
      typeOf(put.type).record(at, put.name, put, put.type === ENDPOINTS && resent.has(put.name))
      if (put.type === ENDPOINTS) filled.delete(put.name)
    }
    fillIn(at, affected, resent)
    // Rule 73: after a response that adds or changes a cluster, its assignment is sent again even if it did not change.
    for (const name of resent) endpoints.touch(at, name)
  }

  return {
    fleet: options.fleet,
    id: options.id,
    removeAfterMs: options.removeAfterMs ?? 5_000,
    get seq() {
      return seq
    },
    get clustersSettledAt() {
      return clustersSettledAt
    },
    type: typeOf,
    settleClusters(at) {
      if (at <= clustersSettledAt) return
      clustersSettledAt = at
      for (const url of NEED_CLUSTERS) {
        for (const { members } of types.get(url)?.groups() ?? []) for (const member of members) member.advanced(member)
      }
    },
    apply(update) {
      const next = seq + 1
      write(next, update)
      const isChanged = [...types.values()].some((type) => type.head === next)
      // The first update counts even if it is empty: from then on the fleet is known to have nothing (rule 41).
      if (!isChanged && seq > 0) return false
      const isFirst = seq === 0
      seq = next
      const touched: Group[] = []
      // Send order (rule 70): all streams have their clusters before the first one gets endpoints.
      for (const { url } of RESOURCE_TYPES) {
        const settled = types.get(url)?.settle(next, clusters.head) ?? []
        // Who waited for the fleet to be known is answered, also by what is not there (rules 41, 55 and 64).
        touched.push(...(isFirst ? (types.get(url)?.groups() ?? []) : settled))
      }
      for (const { members } of touched) for (const member of members) member.advanced(member)
      return true
    },
  }
}

/** A ClusterLoadAssignment with nothing but its cluster_name (field 1). */
function emptyAssignment(name: string): Resource {
  const text = Buffer.from(name)
  const length: number[] = []
  let rest = text.length
  for (; rest > 127; rest >>>= 7) length.push((rest & 127) | 128)
  return resource({ type: ENDPOINTS, name, bytes: Buffer.concat([Buffer.from([0x0a, ...length, rest]), text]) })
}
