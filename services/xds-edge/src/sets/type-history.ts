// One resource type of one fleet: what it holds now, what was removed and may still be in use, what changed, and who
// wants to know. A change costs its own size. Never decides what a stream is sent, and never copies what it holds.
import { entryHash } from '@fleetcast/shared/resources/digest'
import type { Resource, TypeUrl, Version } from '@fleetcast/shared/resources/resource'
import { type Change, createChangeLog } from './change-log.ts'
import { createGroup, type Group, touch } from './group.ts'
import { canonicalName } from './resource-name.ts'
import { isCovered, type Subscription } from './subscription.ts'

/** Changes remembered one by one; streams further behind are served from the seqs of what is there. */
const CHANGES_MAX = 4096
const TOMBSTONES_KEPT = 1024

/** A removed resource, with its body: streams that still stand on the union of old and new are sent it (make before break). */
export interface Tombstone {
  readonly seq: number
  readonly resource: Resource
}

/** What happened to a name since some seq, all changes taken together. */
export interface NetChange {
  /** Undefined also where the log no longer reaches: then the change counts as one. */
  readonly before: Resource | undefined
  readonly touched: boolean
}

export interface TypeHistory {
  readonly type: TypeUrl
  /** Seq of the last change or touch; 0 before the first. */
  readonly head: number
  /** Seq of the fleet's last change of clusters when this type last changed: what a route may refer to (rule 71). */
  readonly clustersAt: number
  readonly size: number
  /** The shortest TTL of its resources; Infinity where none has any. */
  readonly ttlSecondsMin: number
  /** By name, by alias, or by another spelling of an xdstp name. */
  get(name: string): Resource | undefined
  /** Seq of the last change or touch of what `get` finds; 0 where it finds nothing. */
  changedAt(name: string): number
  all(): Iterable<Resource>
  /** All that the subscription covers; costs the smaller of names and resources where no collection is asked for. */
  covered(subscription: Subscription): Iterable<Resource>
  /** What the name stood for, where it was removed and is remembered. */
  removed(name: string): Tombstone | undefined
  /** Removed after `seq` and not there again, oldest first. */
  removedSince(seq: number): Iterable<Tombstone>
  /** What changed after `seq`, by canonical name, in order; removals included. */
  changedSince(seq: number): ReadonlyMap<string, NetChange>
  /** A hash of all content; with the tombstones after `removalsAt`, of that union. */
  version(removalsAt: number): Version
  /** The group of the subscription, made at its first member. */
  join(subscription: Subscription): Group
  /** Call when a member left: a group without members is forgotten. */
  left(group: Group): void
  groups(): Iterable<Group>
}

/** For the fleet's history only. */
export interface WritableTypeHistory extends TypeHistory {
  /** `isTouch`: to be sent again, whatever it changes back to. */
  record(seq: number, name: string, after: Resource | undefined, isTouch?: boolean): void
  /** Has it sent again (rule 73). What was recorded at the same seq has to say so itself. */
  touch(seq: number, name: string): void
  /** Ends the writes of `seq`: marks the groups that they touch and returns these, in the order they were made. */
  settle(seq: number, clustersAt: number): readonly Group[]
}

interface Holding {
  readonly resource: Resource
  readonly hash: bigint
  /** Seq of its last change or touch. */
  readonly changedAt: number
}

const BITS = 64
const hashOf = (resource: Resource): bigint => BigInt(`0x${entryHash(resource).slice(0, 16)}`)

export function createTypeHistory(type: TypeUrl, seqNow: () => number): WritableTypeHistory {
  const current = new Map<string, Holding>()
  const tombstones = new Map<string, Tombstone>()
  const aliases = new Map<string, string>()
  /** How many resources have each TTL. */
  const ttls = new Map<number, number>()
  const groups = new Map<Subscription, Group>()
  const log = createChangeLog(CHANGES_MAX)
  let pending: Change[] = []
  let head = 0
  let clustersAt = 0
  let sum = 0n
  let tombstonesMax = TOMBSTONES_KEPT

  const holdingOf = (name: string): Holding | undefined => current.get(name) ?? current.get(aliases.get(name) ?? '')
  const find = (name: string): Resource | undefined => holdingOf(name)?.resource

  function* removedSince(seq: number): Iterable<Tombstone> {
    for (const tombstone of tombstones.values()) if (tombstone.seq > seq) yield tombstone
  }
  function countTtl({ ttlSeconds }: Resource, by: number): void {
    if (ttlSeconds === undefined) return
    const count = (ttls.get(ttlSeconds) ?? 0) + by
    if (count === 0) ttls.delete(ttlSeconds)
    else ttls.set(ttlSeconds, count)
  }
  function put(seq: number, resource: Resource): void {
    const hash = hashOf(resource)
    sum = BigInt.asUintN(BITS, sum + hash)
    current.set(resource.name, { resource, hash, changedAt: seq })
    countTtl(resource, 1)
    for (const alias of namesBeside(resource)) aliases.set(alias, resource.name)
    tombstones.delete(resource.name)
  }
  function take({ resource, hash }: Holding): void {
    sum = BigInt.asUintN(BITS, sum - hash)
    current.delete(resource.name)
    countTtl(resource, -1)
    for (const alias of namesBeside(resource)) if (aliases.get(alias) === resource.name) aliases.delete(alias)
  }
  function note(change: Change): void {
    log.append(change)
    pending.push(change)
    head = change.seq
  }
  /** Forgets what every member has been told of. Runs once per doubling, so its cost spreads over the removals. */
  function trimTombstones(): void {
    let floor = Number.POSITIVE_INFINITY
    for (const group of groups.values())
      for (const member of group.members) floor = Math.min(floor, member.at, member.removalsAt)
    for (const [name, { seq }] of tombstones) if (seq <= floor) tombstones.delete(name)
    tombstonesMax = Math.max(TOMBSTONES_KEPT, 2 * tombstones.size)
  }

  return {
    type,
    get head() {
      return head
    },
    get clustersAt() {
      return clustersAt
    },
    get size() {
      return current.size
    },
    get ttlSecondsMin() {
      return Math.min(...ttls.keys())
    },
    get: find,
    changedAt: (name) => holdingOf(name)?.changedAt ?? 0,
    *all() {
      for (const { resource } of current.values()) yield resource
    },
    *covered(subscription) {
      if (subscription.wildcard || subscription.globs.size > 0) {
        for (const { resource } of current.values()) if (isCovered(subscription, resource)) yield resource
        return
      }
      // Two aliases of one resource are one resource (rule 10).
      const seen = aliases.size > 0 ? new Set<string>() : undefined
      for (const name of subscription.names) {
        const resource = find(name)
        if (resource === undefined || seen?.has(resource.name)) continue
        seen?.add(resource.name)
        yield resource
      }
    },
    removed: (name) => tombstones.get(name),
    removedSince,
    changedSince(seq) {
      const changes = new Map<string, NetChange>()
      if (!log.reaches(seq)) {
        for (const [name, { changedAt }] of current)
          if (changedAt > seq) changes.set(name, { before: undefined, touched: true })
        for (const [name, tombstone] of tombstones)
          if (tombstone.seq > seq) changes.set(name, { before: tombstone.resource, touched: false })
        return changes
      }
      for (const { name, before, isTouch: touched } of log.since(seq)) {
        const first = changes.get(name)
        if (first === undefined) changes.set(name, { before, touched })
        else if (touched && !first.touched) changes.set(name, { before: first.before, touched })
      }
      return changes
    },
    version(removalsAt) {
      let union = sum
      for (const tombstone of removedSince(removalsAt)) union += hashOf(tombstone.resource)
      return BigInt.asUintN(BITS, union).toString(16).padStart(16, '0')
    },
    join(subscription) {
      const known = groups.get(subscription)
      if (known) return known
      const group = createGroup(subscription, seqNow())
      groups.set(subscription, group)
      return group
    },
    left(group) {
      if (group.members.size === 0 && groups.get(group.subscription) === group) groups.delete(group.subscription)
    },
    groups: () => groups.values(),

    record(seq, name, after, isTouch = false) {
      const before = current.get(name)
      if (before?.resource.version === after?.version) return
      if (before) take(before)
      if (after) put(seq, after)
      else if (before) {
        tombstones.delete(name)
        tombstones.set(name, { seq, resource: before.resource })
        if (tombstones.size > tombstonesMax) trimTombstones()
      }
      note({ seq, name, before: before?.resource, after, isTouch })
    },
    touch(seq, name) {
      const holding = current.get(name)
      if (holding === undefined || holding.changedAt === seq) return
      current.set(name, { ...holding, changedAt: seq })
      note({ seq, name, before: holding.resource, after: holding.resource, isTouch: true })
    },
    settle(seq, clusters) {
      const changes = pending
      pending = []
      if (changes.length === 0) return []
      clustersAt = clusters
      return [...groups.values()].filter((group) => touchIfCovered(group, seq, changes))
    },
  }
}

function touchIfCovered(group: Group, seq: number, changes: readonly Change[]): boolean {
  let isTouched = false
  let isRemoval = false
  for (const { before, after } of changes) {
    const resource = after ?? before
    if (resource === undefined) continue
    // What it was may be covered where what it became is not: an alias that is gone.
    if (!isCovered(group.subscription, resource) && !(before && isCovered(group.subscription, before))) continue
    isTouched = true
    isRemoval ||= after === undefined
    if (isTouched && isRemoval) break
  }
  if (isTouched) touch(group, seq, isRemoval)
  return isTouched
}

/** Other names that lead to a resource: aliases, and the canonical spelling of an xdstp name. */
function* namesBeside(resource: Resource): Iterable<string> {
  const canonical = canonicalName(resource.name)
  if (canonical !== resource.name) yield canonical
  for (const alias of resource.aliases ?? []) yield alias
}
