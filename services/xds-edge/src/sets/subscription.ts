// What a stream wants of one type: everything, names, or collections. Equal subscriptions are one object, shared by all
// streams, so that a thousand Envoys of a fleet cost one list of names. Never holds what a client has or was sent.
import type { Resource } from '@fleetcast/shared/resources/resource'
import { canonicalName, type Glob, globOf, isInGlob } from './resource-name.ts'

export interface Subscription {
  readonly wildcard: boolean
  readonly names: ReadonlySet<string>
  /** Those of `names` that are collections, `xdstp://…/*` (rule 96). */
  readonly globs: ReadonlyMap<string, Glob>
}

/** True where the subscription asks for the resource, by name, alias (rule 67), collection or as one of all. */
export function isCovered(subscription: Subscription, resource: Pick<Resource, 'name' | 'aliases'>): boolean {
  if (subscription.wildcard || subscription.names.has(resource.name)) return true
  if (resource.aliases?.some((alias) => subscription.names.has(alias))) return true
  // Names asked for are in canonical spelling, those of resources as they were written (rule 95).
  if (!resource.name.startsWith('xdstp://')) return false
  if (subscription.names.has(canonicalName(resource.name))) return true
  for (const glob of subscription.globs.values()) if (isInGlob(glob, resource.name)) return true
  return false
}

export const isEmpty = ({ wildcard, names }: Subscription): boolean => !wildcard && names.size === 0

export interface SubscriptionChange {
  readonly wildcard: boolean
  readonly add: readonly string[]
  /** Taken away before `add` is added (rule 56). */
  readonly remove: readonly string[]
}

export interface Subscriptions {
  /** Nothing at all. Holding it needs no release. */
  readonly none: Subscription
  /** The subscription after the change, in place of the caller's reference to `from`, which the caller gives up. */
  change(from: Subscription, change: SubscriptionChange): Subscription
  /** The subscription to exactly these names, in place of the caller's reference to `from`. */
  replace(from: Subscription, wildcard: boolean, names: readonly string[]): Subscription
  /** Gives up a reference. */
  release(subscription: Subscription): void
  /** How many different ones are held, for metrics and tests. */
  readonly size: number
}

/** How many steps from one subscription to another are remembered, per subscription. */
const TRANSITIONS_MAX = 8

interface Interned extends Subscription {
  wildcard: boolean
  readonly names: Set<string>
  readonly globs: Map<string, Glob>
  /** Streams and types that hold it. */
  holders: number
  /** Sums of two hashes of the names: equal sets have equal sums whatever the order. */
  low: number
  high: number
  /** Counts changes in place: a remembered transition to an older stamp no longer holds. */
  stamp: number
  transitions: Transition[]
  /** Those that remember a transition to this one: they forget it when nobody holds it any more. */
  readonly origins: Set<Interned>
}

interface Transition extends SubscriptionChange {
  readonly whole: boolean
  readonly to: Interned
  readonly stamp: number
}

const fresh = (): Interned => ({
  wildcard: false,
  names: new Set(),
  globs: new Map(),
  holders: 0,
  low: 0,
  high: 0,
  stamp: 0,
  transitions: [],
  origins: new Set(),
})

function hashName(name: string, seed: number): number {
  let value = seed
  for (let i = 0; i < name.length; i++) value = Math.imul(value ^ name.charCodeAt(i), 0x01000193)
  return value ^ (value >>> 15)
}

function insert(to: Interned, name: string): void {
  if (name === '' || to.names.has(name)) return
  to.names.add(name)
  to.low = (to.low + hashName(name, 0x811c9dc5)) | 0
  to.high = (to.high + hashName(name, 0x2f0b4a37)) | 0
  const glob = globOf(name)
  if (glob) to.globs.set(name, glob)
}

function erase(from: Interned, name: string): void {
  if (!from.names.delete(name)) return
  from.low = (from.low - hashName(name, 0x811c9dc5)) | 0
  from.high = (from.high - hashName(name, 0x2f0b4a37)) | 0
  from.globs.delete(name)
}

const keyOf = (s: Interned): string => `${s.wildcard ? '*' : ''}${s.names.size}:${s.low}:${s.high}`
const isSameList = (a: readonly string[], b: readonly string[]): boolean =>
  a === b || (a.length === b.length && a.every((name, i) => name === b[i]))
const isSame = (a: Interned, b: Interned): boolean =>
  a.wildcard === b.wildcard && a.names.size === b.names.size && a.names.isSubsetOf(b.names)

function apply(to: Interned, { wildcard, add, remove }: SubscriptionChange): void {
  to.wildcard = wildcard
  for (const name of remove) erase(to, name)
  for (const name of add) insert(to, name)
}

function forgetTransitions(from: Interned): void {
  for (const { to } of from.transitions) to.origins.delete(from)
  from.transitions = []
}

export function createSubscriptions(): Subscriptions {
  const none = fresh()
  const table = new Map<string, Interned[]>()

  const find = (wanted: Interned): Interned | undefined => {
    if (isEmpty(wanted)) return none
    return table.get(keyOf(wanted))?.find((s) => s !== wanted && isSame(s, wanted))
  }
  const enter = (s: Interned): void => {
    const key = keyOf(s)
    const bucket = table.get(key)
    if (bucket) bucket.push(s)
    else table.set(key, [s])
  }
  const leave = (s: Interned): void => {
    const key = keyOf(s)
    const rest = table.get(key)?.filter((other) => other !== s) ?? []
    if (rest.length === 0) table.delete(key)
    else table.set(key, rest)
  }
  const release = (s: Interned): void => {
    if (s === none) return
    s.holders--
    if (s.holders > 0) return
    leave(s)
    forgetTransitions(s)
    // `none` lives for ever, and so would the names that clients once went to from it.
    for (const origin of s.origins) origin.transitions = origin.transitions.filter(({ to }) => to !== s)
    s.origins.clear()
  }
  const hold = (s: Interned): Interned => {
    s.holders++
    return s
  }
  const settle = (made: Interned): Interned => {
    const known = find(made)
    if (known) return known
    enter(made)
    return made
  }
  const remembered = (from: Interned, whole: boolean, change: SubscriptionChange): Interned | undefined =>
    from.transitions.find(
      (t) =>
        t.whole === whole &&
        t.wildcard === change.wildcard &&
        t.stamp === t.to.stamp &&
        (t.to.holders > 0 || t.to === none) &&
        isSameList(t.add, change.add) &&
        isSameList(t.remove, change.remove),
    )?.to

  function move(from: Interned, whole: boolean, change: SubscriptionChange): Interned {
    const known = remembered(from, whole, change)
    if (known) {
      hold(known)
      release(from)
      return known
    }
    // The only holder changes it in place: 10,000 names that are asked for one by one are not copied 10,000 times.
    if (!whole && from !== none && from.holders === 1) return changeInPlace(from, change)
    const made = fresh()
    if (!whole) {
      for (const name of from.names) made.names.add(name)
      for (const [name, glob] of from.globs) made.globs.set(name, glob)
      made.low = from.low
      made.high = from.high
    }
    apply(made, change)
    const to = settle(made)
    remember(from, whole, change, to)
    hold(to)
    release(from)
    return to
  }
  function changeInPlace(from: Interned, change: SubscriptionChange): Interned {
    leave(from)
    apply(from, change)
    from.stamp++
    forgetTransitions(from)
    const to = settle(from)
    if (to === from) return from
    from.holders = 0
    return hold(to)
  }
  function remember(from: Interned, whole: boolean, change: SubscriptionChange, to: Interned): void {
    if (to === from) return
    if (from.transitions.length >= TRANSITIONS_MAX) from.transitions.shift()
    from.transitions.push({ ...change, whole, to, stamp: to.stamp })
    to.origins.add(from)
  }

  // Every Subscription that callers hold was made here, so it is an Interned.
  const own = (s: Subscription): Interned => s as Interned
  return {
    none,
    change: (from, change) => move(own(from), false, change),
    replace: (from, wildcard, names) => move(own(from), true, { wildcard, add: names, remove: [] }),
    release: (s) => release(own(s)),
    get size() {
      let count = 0
      for (const bucket of table.values()) count += bucket.length
      return count
    },
  }
}
