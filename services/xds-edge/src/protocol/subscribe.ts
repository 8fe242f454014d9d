// What a request says about names, as changes of a lane's subscription and as names to be answered. Here the variants
// differ most: SotW says the whole list each time, delta says what to add and to take away.
import { ENDPOINTS, ROUTES, SCOPED_ROUTES, VIRTUAL_HOST } from '@fleetcast/shared/resources/types'
import { restart } from '../sets/group.ts'
import { canonicalName, globOf } from '../sets/resource-name.ts'
import { isCovered, type Subscription } from '../sets/subscription.ts'
import { holdOutdated, type Lane, ownOf } from './lane.ts'
import type { DeltaRequest, HeldVersions, Request, SotwRequest } from './messages.ts'
import { expectEndpoints } from './order.ts'

const WILDCARD = '*'

/** Rule 68: hosts are asked for one by one. Other types than those of rule 30 may say `*`, but never mean it by saying nothing. */
const asksForAll = ({ type }: Lane, names: readonly string[]): boolean =>
  type.url !== VIRTUAL_HOST && names.includes(WILDCARD)

/** Honours the names of a request (rule 44: whatever its nonce is). `isFresh`: all of them count as newly asked for. */
export function subscribe(lane: Lane, request: Request, isFresh: boolean): void {
  if (request.variant === 'sotw') subscribeSotw(lane, request, isFresh)
  else subscribeDelta(lane, request, isFresh)
  noteRoutes(lane)
  if (!isFresh || lane.type.url !== ENDPOINTS) return
  // From now on what is sent of clusters is followed as it goes.
  lane.stream.sentEndpoints = []
  expectEndpoints(lane.stream)
}

function subscribeSotw(lane: Lane, { names, namesKey }: SotwRequest, isFresh: boolean): void {
  // Nearly always: an ACK, which repeats the whole list.
  if (!isFresh && namesKey !== undefined && namesKey === lane.namesKey) return
  lane.namesKey = namesKey
  const before = lane.subscription
  lane.named ||= names.length > 0
  // Rule 27: empty means everything only as long as no name was ever seen.
  const isWildcard = names.length === 0 ? !lane.named && lane.type.wildcard : asksForAll(lane, names)
  // Rule 96: collections are for delta only. Here such a name is one of nothing.
  const wanted = plain(names, (name) => globOf(name) === undefined)
  const after = lane.stream.subscriptions.replace(before, isWildcard, wanted)
  if (isFresh || (isWildcard && !before.wildcard)) askAll(lane)
  else if (after !== before) {
    // Rule 26: newly added is answered, even if it was sent before.
    const asked = [...after.names].filter((name) => !before.names.has(name))
    if (asked.length > 0) ask(lane, asked)
  }
  if (after !== before) moveTo(lane, after)
}

function subscribeDelta(lane: Lane, request: DeltaRequest, isFresh: boolean): void {
  const { subscription, type, stream } = lane
  const isLegacy = isFresh && !lane.named && request.subscribe.length === 0 && request.unsubscribe.length === 0
  lane.named ||= request.subscribe.length > 0
  const add = plain(request.subscribe)
  const remove = plain(request.unsubscribe)
  // Rule 50: an empty first request means everything, and what is named later does not end it.
  const isAdded = asksForAll(lane, request.subscribe) || (isLegacy && type.wildcard)
  const isWildcard = isAdded || (subscription.wildcard && !request.unsubscribe.includes(WILDCARD))
  if (isFresh) askAll(lane, request)
  else if (isAdded) askAll(lane)
  else if (add.length > 0) ask(lane, add)
  if (add.length === 0 && remove.length === 0 && isWildcard === subscription.wildcard) return
  // Rule 52: never subscribed, nothing to do.
  const ended = remove.filter((name) => subscription.names.has(name) && !add.includes(name))
  const after = stream.subscriptions.change(subscription, { wildcard: isWildcard, add, remove })
  // Rule 54: beside a wildcard the client must learn whether it keeps the resource.
  if (isWildcard) ask(lane, ended)
  else for (const name of ended) forget(lane, name, after)
  moveTo(lane, after)
}

/** The name is no longer asked for, but a host may be by another of its names: then what is owed of it stays owed. */
function forget({ own, refused, history }: Lane, name: string, after: Subscription): void {
  if (refused !== 'all') refused?.delete(name)
  own?.asked.delete(name)
  const body = history?.get(name) ?? own?.owed.get(name)?.body
  if (body !== undefined && isCovered(after, body)) return
  own?.due.delete(name)
  own?.owed.delete(name)
}

function ask(lane: Lane, names: readonly string[]): void {
  const own = ownOf(lane)
  if (own.whole && own.held === undefined) return
  for (const name of names) own.asked.add(name)
}

/** What a new listener refers to is being asked for, and is there: no need to wait for that any more. */
function noteRoutes({ type, stream, own, subscription, history }: Lane): void {
  if ((type.url !== ROUTES && type.url !== SCOPED_ROUTES) || own === undefined || !stream.isListenerNew) return
  const asked = own.whole ? subscription.names : own.asked
  if (asked.size === 0 && !own.whole) return
  for (const name of asked) if (history?.get(name) === undefined) return
  stream.isListenerNew = false
}

function askAll(lane: Lane, first?: DeltaRequest): void {
  const own = ownOf(lane)
  own.whole = true
  own.held = first && heldBy(lane, first)
  own.asked.clear()
  own.due.clear()
}

/** What the client says it holds, without the endpoints of clusters that were sent on this stream (rule 47). */
function heldBy(lane: Lane, { initialVersions, versionsKey }: DeltaRequest): HeldVersions | undefined {
  if (initialVersions === undefined || initialVersions.size === 0) return undefined
  const held = canonical(initialVersions, versionsKey)
  const { sentEndpoints } = lane.stream
  if (lane.type.url !== ENDPOINTS || sentEndpoints.length === 0) return held
  return holdOutdated(held, sentEndpoints === 'all' ? held.versions.keys() : sentEndpoints)
}

/** The same map where it can be: a thousand clients that come back hold hundreds of names each. */
function canonical(versions: ReadonlyMap<string, string>, key: string | undefined): HeldVersions {
  for (const name of versions.keys()) {
    if (!name.startsWith('xdstp://')) continue
    return { versions: new Map([...versions].map(([n, version]) => [canonicalName(n), version])), key }
  }
  return { versions, key }
}

/** Puts the lane on another subscription without losing what it has not been sent yet. */
export function moveTo(lane: Lane, after: Subscription): void {
  const { history, group, stream } = lane
  lane.subscription = after
  if (history === undefined || group === undefined || stream.history === undefined) return
  dropUnsentParts(lane)
  const own = lane.own
  if (lane.at < group.lastTouch && !own?.whole) {
    if (!lane.isAwaiting && (own?.due.size ?? 0) === 0) lane.answeredAt = Math.max(lane.answeredAt, lane.at)
    for (const name of history.changedSince(lane.at).keys()) {
      const present = history.get(name)
      if (present !== undefined && isCovered(after, present)) ownOf(lane).due.add(name)
    }
  }
  if (lane.removalsAt < group.lastRemoval) {
    for (const { resource } of history.removedSince(lane.removalsAt)) {
      if (!isCovered(after, resource)) continue
      ownOf(lane).owed.set(resource.name, { body: resource, isExact: false })
      ownOf(lane).owedAt = stream.history.seq
    }
  }
  const next = history.join(after)
  if (next !== group) {
    group.members.delete(lane)
    history.left(group)
    next.members.add(lane)
    lane.group = next
  } else {
    // The subscription was changed in place, for its only member: touches and steps of before are for other names.
    restart(group, stream.history.seq)
  }
  lane.at = stream.history.seq
  lane.removalsAt = stream.history.seq
}

/** Parts of a response that are still to come may hold names that are no longer wanted: they are made again. */
function dropUnsentParts(lane: Lane): void {
  const { step, part } = lane
  if (step === undefined || part >= step.parts.length - 1) return
  const unsent = step.parts.slice(part + 1)
  for (const { resources, removed } of unsent) {
    for (const { name } of resources) ownOf(lane).due.add(name)
    for (const name of removed) ownOf(lane).owed.set(name, { body: undefined, isExact: false })
  }
  lane.step = { ...step, parts: step.parts.slice(0, part + 1) }
}

/** Lists that are as they should be: a thousand streams ask for one list. */
const plainLists = new WeakSet<readonly string[]>()

/** Names in canonical spelling, without the wildcard and without empty ones (rules 33 and 95). */
function plain(names: readonly string[], isTaken: (name: string) => boolean = () => true): readonly string[] {
  if (plainLists.has(names)) return names
  const isPlain = names.every((name) => name !== '' && name !== WILDCARD && !name.startsWith('xdstp://'))
  if (isPlain) {
    plainLists.add(names)
    return names
  }
  return names.filter((name) => name !== '' && name !== WILDCARD && isTaken(name)).map(canonicalName)
}
