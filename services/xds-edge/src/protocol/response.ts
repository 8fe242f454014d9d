// What is sent for a step, made from the history: pure, the same for every stream that makes the same step. The two
// variants differ here in a few lines: what a removal is, and that some SotW types are always whole.
import { type Resource, resource } from '@fleetcast/shared/resources/resource'
import { CLUSTER, VIRTUAL_HOST } from '@fleetcast/shared/resources/types'
import { canonicalName, type Glob, globOf, isInGlob } from '../sets/resource-name.ts'
import { isCovered, isEmpty } from '../sets/subscription.ts'
import type { TypeHistory } from '../sets/type-history.ts'
import type { Lane, Own, Step } from './lane.ts'
import type { HeldVersions, Response } from './messages.ts'
import type { StreamState } from './stream-state.ts'

/** Large responses are split at so many bytes of resources, where the protocol lets them be (rules 65 and 102). */
export const PART_BYTES_MAX = 2 * 1024 * 1024

/** From where to where. Removals have positions of their own: between the two a stream stands on a union. */
export interface Span {
  readonly from: number
  readonly to: number
  readonly removalsFrom: number
  readonly removalsTo: number
}

/** What a lane is to be told, before it is cut into responses. */
interface Content {
  /** By name: never the same twice in one response (rule 10). */
  readonly puts: Map<string, Resource>
  readonly removed: Set<string>
  readonly endpoints: string[]
  readonly added: Resource[]
  bodiless: Set<string> | undefined
  /** Something was asked for or has changed, so that an answer is due even where it holds nothing. */
  isDue: boolean
}

const NOTHING: Step = { parts: [], endpoints: [], added: [], isOwn: false }

/** The step over the span, for a lane that has nothing of its own. */
export function stepOver(lane: Lane, span: Span, nonce: string): Step {
  const content = emptyContent()
  addChanges(content, lane, span)
  return stepOf(lane, content, span, undefined, nonce)
}

/** The first answer: everything that is subscribed and not held. */
export function stepWhole(lane: Lane, span: Span, held: HeldVersions | undefined, nonce: string): Step {
  const content = emptyContent()
  addWhole(content, lane, held?.versions)
  return stepOf(lane, content, span, undefined, nonce)
}

/**
 * The step of a lane that is owed more than its positions tell; the caller gives it a nonce. `isOpen`: not only what was
 * asked for may go now. `mayDrop`: what it is owed to drop may be told now.
 */
export function stepOwn(lane: Lane, span: Span, own: Own, isOpen: boolean, mayDrop: boolean): Step {
  const content = emptyContent()
  if (own.whole) addWhole(content, lane, own.held?.versions)
  else addChanges(content, lane, span)
  for (const name of own.asked) addAsked(content, lane, name, unionWith(lane, span, mayDrop ? undefined : own, name))
  for (const name of isOpen ? own.due : []) {
    const found = lane.history?.get(name)
    if (found !== undefined && isCovered(lane.subscription, found)) addPut(content, found, true)
  }
  if (mayDrop) {
    for (const name of own.owed.keys()) {
      if (lane.history?.get(name) !== undefined || content.puts.has(name)) continue
      content.removed.add(name)
      content.isDue = true
    }
  }
  return stepOf(lane, content, span, mayDrop ? undefined : own, '')
}

const emptyContent = (): Content => ({
  puts: new Map(),
  removed: new Set(),
  endpoints: [],
  added: [],
  bodiless: undefined,
  isDue: false,
})

function addPut(content: Content, put: Resource, isAdded: boolean): void {
  content.isDue = true
  if (content.puts.has(put.name)) return
  content.puts.set(put.name, put)
  content.removed.delete(put.name)
  if (put.endpointsName === undefined) return
  content.endpoints.push(put.endpointsName)
  if (isAdded) content.added.push(put)
}

function addChanges(content: Content, lane: Lane, span: Span): void {
  const { history, subscription, type } = lane
  if (history === undefined) return
  if (span.from < span.to) {
    for (const [name, { before, touched }] of history.changedSince(span.from)) {
      const present = history.get(name)
      if (present === undefined || !isCovered(subscription, present)) continue
      if (!touched && before?.version === present.version) continue
      // A cluster that takes another assignment is as new: the client has yet to ask for it.
      addPut(content, present, before?.endpointsName !== present.endpointsName)
    }
  }
  // SotW types that are not whole have no word for removal (rule 37).
  if (span.removalsFrom >= span.removalsTo || (lane.stream.variant === 'sotw' && !type.full)) return
  for (const { seq, resource: gone } of history.removedSince(span.removalsFrom)) {
    if (seq > span.removalsTo || !isCovered(subscription, gone)) continue
    content.removed.add(gone.name)
    content.isDue = true
  }
}

function addWhole(content: Content, lane: Lane, held: HeldVersions['versions'] | undefined): void {
  const { history, subscription, type, stream } = lane
  if (history === undefined) return
  for (const present of history.covered(subscription)) {
    if (held?.get(canonicalName(present.name)) !== present.version) addPut(content, present, true)
  }
  // Full state is an answer even when it is empty (rules 41 and 64), except where the client holds it already.
  if (type.full && !isEmpty(subscription) && (held === undefined || held.size === 0)) content.isDue = true
  if (stream.variant === 'sotw') return
  for (const name of subscription.names) {
    const glob = subscription.globs.get(name)
    // Members of a collection are covered above.
    const isThere = glob === undefined ? held?.has(name) || history.get(name) : hasMember(history, glob)
    if (!isThere) addMissing(content, lane, name)
  }
}

/**
 * A cluster that is gone and may not be dropped yet is still a part of what the client stands on: removing it would act at once,
 * so delta is sent it again. `unknown`: only the client knows it, and hears of it when it may be dropped.
 */
function unionWith(lane: Lane, span: Span, stillOwed: Own | undefined, name: string): Resource | 'unknown' | undefined {
  const { history, stream, group, type } = lane
  if (stream.variant === 'sotw' || type.url !== CLUSTER || group === undefined) return undefined
  const gone = history?.removed(name)
  if (gone !== undefined && gone.seq > span.removalsTo && gone.seq <= group.lastRemoval) return gone.resource
  const owed = stillOwed?.owed.get(name)
  return owed && (owed.body ?? 'unknown')
}

/** A name that must be answered in any case: with its body, or as removed (rules 26, 46, 54, 55). */
function addAsked(content: Content, lane: Lane, name: string, union: Resource | 'unknown' | undefined): void {
  const found = lane.history?.get(name) ?? union
  if (found === 'unknown') return
  if (found !== undefined) addPut(content, found, true)
  else addMissing(content, lane, name)
}

function hasMember(history: TypeHistory, glob: Glob): boolean {
  for (const { name } of history.all()) if (isInGlob(glob, name)) return true
  return false
}

function addMissing(content: Content, lane: Lane, name: string): void {
  const { history, stream, type } = lane
  if (stream.variant === 'sotw') {
    // Whole types answer with what there is; the others stay silent about what is missing (rule 38).
    content.isDue ||= type.full
    return
  }
  const glob = globOf(name)
  if (glob !== undefined && history !== undefined) {
    let isFound = false
    for (const member of history.all()) {
      if (!isInGlob(glob, member.name)) continue
      isFound = true
      addPut(content, member, true)
    }
    // Rule 96: an empty collection is answered by its own name as removed.
    if (isFound) return
  }
  content.isDue = true
  if (type.url !== VIRTUAL_HOST) {
    content.removed.add(name)
    return
  }
  // Rule 67: a host that resolves to nothing is a resource without a body, so that the waiting request ends; it is said once.
  content.removed.delete(name)
  content.puts.set(name, resource({ type: type.url, name, bytes: new Uint8Array(), aliases: [name] }))
  content.bodiless ??= new Set()
  content.bodiless.add(name)
}

function stepOf(lane: Lane, content: Content, span: Span, stillOwed: Own | undefined, nonce: string): Step {
  const { stream, type, history } = lane
  if (!content.isDue || history === undefined) return NOTHING
  const isFull = stream.variant === 'sotw' && type.full
  const resources = isFull ? unionOf(lane, span.removalsTo, stillOwed) : [...content.puts.values()]
  const removed = stream.variant === 'sotw' ? [] : [...content.removed]
  if (stream.variant === 'sotw' && !isFull && resources.length === 0) return NOTHING
  const hasTtl = takesTtl(stream) && resources.some(({ ttlSeconds }) => ttlSeconds !== undefined)
  const base = {
    variant: stream.variant,
    type: type.url,
    version: history.version(span.removalsTo),
    ...(content.bodiless === undefined ? {} : { bodiless: content.bodiless }),
    // Rule 84: plain resources are not wrapped.
    ...(hasTtl ? { ttl: true, ...(stream.variant === 'sotw' ? { wrapped: true } : {}) } : {}),
  }
  const chunks = isFull ? [resources] : chunked(resources)
  const parts = chunks.map(
    (chunk, i): Response => ({
      ...base,
      nonce: i === 0 ? nonce : `${nonce}-${i}`,
      resources: chunk,
      removed: i === chunks.length - 1 ? removed : [],
    }),
  )
  return { parts, endpoints: content.endpoints, added: content.added, isOwn: false }
}

/** Rule 80: SotW has a place for a TTL only in the wrapper. */
export const takesTtl = (stream: StreamState): boolean =>
  stream.knowsTtl && (stream.variant === 'delta' || stream.knowsWrapper)

/** Everything subscribed, and what is gone but may not be dropped yet (rules 34 and 35). */
export function unionOf(lane: Lane, removalsTo: number, stillOwed: Own | undefined): readonly Resource[] {
  const { history, subscription } = lane
  if (history === undefined) return []
  const union = new Map<string, Resource>()
  for (const present of history.covered(subscription)) union.set(present.name, present)
  for (const { seq, resource: gone } of history.removedSince(removalsTo))
    if (seq > removalsTo && isCovered(subscription, gone)) union.set(gone.name, gone)
  for (const [name, { body }] of stillOwed?.owed ?? [])
    if (body !== undefined && !union.has(name)) union.set(name, body)
  return [...union.values()]
}

function chunked(resources: readonly Resource[]): readonly (readonly Resource[])[] {
  const chunks: Resource[][] = [[]]
  let bytes = 0
  for (const one of resources) {
    if (bytes > 0 && bytes + one.bytes.length > PART_BYTES_MAX) {
      chunks.push([])
      bytes = 0
    }
    chunks.at(-1)?.push(one)
    bytes += one.bytes.length
  }
  return chunks
}
