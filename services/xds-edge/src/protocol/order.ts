// When a lane may send: make before break over the types of one stream (rules 70 to 76). Pure questions about lanes;
// what waits, and for how long at most, is decided by the step.
import type { Resource, TypeUrl } from '@fleetcast/shared/resources/resource'
import {
  CLUSTER,
  ENDPOINTS,
  EXTENSION,
  LISTENER,
  ROUTES,
  SCOPED_ROUTES,
  SECRET,
  VIRTUAL_HOST,
} from '@fleetcast/shared/resources/types'
import { isEmpty } from '../sets/subscription.ts'
import { answeredThrough, hasRefused, isBehind, type Lane, owesRemovals } from './lane.ts'
import { laneOf, type StreamState } from './stream-state.ts'

interface Order {
  /** Types whose changes must be on the wire before. */
  readonly afterSent?: readonly TypeUrl[]
  /** Waits until the clusters that it may refer to, and their endpoints, were answered for. */
  readonly afterClusters?: true
  /** Types that refer to it: it is removed only after they were acknowledged (rules 66 and 72). */
  readonly parents?: readonly TypeUrl[]
}

const ORDER: Readonly<Record<TypeUrl, Order>> = {
  [SECRET]: { parents: [CLUSTER, LISTENER] },
  [CLUSTER]: { parents: [LISTENER, SCOPED_ROUTES, ROUTES, VIRTUAL_HOST] },
  [ENDPOINTS]: { afterSent: [CLUSTER], parents: [CLUSTER, LISTENER, SCOPED_ROUTES, ROUTES, VIRTUAL_HOST] },
  [EXTENSION]: { parents: [LISTENER] },
  [LISTENER]: { afterClusters: true },
  [SCOPED_ROUTES]: { afterSent: [LISTENER], afterClusters: true, parents: [LISTENER] },
  [ROUTES]: { afterSent: [LISTENER, SCOPED_ROUTES], afterClusters: true, parents: [LISTENER, SCOPED_ROUTES] },
  [VIRTUAL_HOST]: { afterSent: [ROUTES], afterClusters: true, parents: [ROUTES] },
}
const FREE: Order = {}
const orderOf = (lane: Lane): Order => ORDER[lane.type.url] ?? FREE

/** True for types whose removal can wait for something. */
export const hasParents = (lane: Lane): boolean => orderOf(lane).parents !== undefined
const PARENTS: ReadonlySet<TypeUrl> = new Set(Object.values(ORDER).flatMap(({ parents = [] }) => parents))
/** True for types that refer to others. */
export const isParent = (lane: Lane): boolean => PARENTS.has(lane.type.url)

/** True where the lane's newest state may be sent now. */
export function mayAdvance(lane: Lane): boolean {
  const { stream, group, history } = lane
  if (group === undefined || history === undefined || group.lastTouch <= stream.orderReleasedAt) return true
  const order = orderOf(lane)
  // On a stream of its own a type can't see what the client has of others: clusters get a time (rule 71). A first answer
  // waits for nothing: the client has none of its parents' older state either.
  if (!stream.isAggregated)
    return !order.afterClusters || lane.own?.whole === true || areClustersSettled(stream, history.clustersAt)
  for (const type of order.afterSent ?? []) {
    const earlier = laneOf(stream, type)
    if (earlier !== undefined && isBehind(earlier)) return false
  }
  if (!order.afterClusters || history.clustersAt <= stream.orderReleasedAt) return true
  for (const type of [CLUSTER, ENDPOINTS]) {
    const earlier = laneOf(stream, type)
    if (earlier !== undefined && answeredThrough(earlier) < history.clustersAt) return false
  }
  return areExpectedAnswered(stream)
}

/**
 * Rule 71: later types wait for the endpoints of the clusters that are being added, where the client takes endpoints here.
 * Called when they are sent, and when the client asks for endpoints meanwhile.
 */
export function expectEndpoints(stream: StreamState): void {
  const added = laneOf(stream, CLUSTER)?.step?.added ?? []
  if (added.length === 0 || laneOf(stream, ENDPOINTS) === undefined) return
  stream.expected = stream.expected.length === 0 ? added : [...new Set([...stream.expected, ...added])]
}

/** Clusters that were refused: nobody will ask for their endpoints. */
export function expectNoMore(stream: StreamState, refused: readonly Resource[]): void {
  if (stream.expected.length === 0 || refused.length === 0) return
  const gone = new Set(refused)
  stream.expected = stream.expected.filter((cluster) => !gone.has(cluster))
}

const areClustersSettled = ({ history }: StreamState, clustersAt: number): boolean =>
  clustersAt <= (history?.clustersSettledAt ?? 0)

/** The endpoints of added clusters were asked for and answered, where the client takes endpoints on this stream. */
export function areExpectedAnswered(stream: StreamState): boolean {
  if (stream.expected.length === 0) return true
  const endpoints = laneOf(stream, ENDPOINTS)
  const clusters = laneOf(stream, CLUSTER)
  if (endpoints?.history === undefined || clusters?.history === undefined) return true
  const { subscription, own, step, history } = endpoints
  const known = clusters.history
  const isOpen = (added: Resource): boolean => {
    // As it is now: it may be gone, or take other endpoints.
    const name = known.get(added.name)?.endpointsName
    if (name === undefined || history.get(name) === undefined) return false
    if (!subscription.wildcard && !subscription.names.has(name)) return true
    // The change of the cluster touched them too: they follow it (rule 73).
    if (known.changedAt(added.name) > answeredThrough(endpoints)) return true
    if (own !== undefined && (own.whole || own.asked.has(name) || own.due.has(name))) return true
    return step?.parts.some((part) => part.resources.some((resource) => resource.name === name)) ?? false
  }
  // Asked again at each answer on the stream: what is settled is left out of the next question, and the first that is open ends this one.
  const settled = stream.expected.findIndex(isOpen)
  if (settled !== 0) stream.expected = settled < 0 ? [] : stream.expected.slice(settled)
  return settled < 0
}

/** Removals up to this seq may be told now; Infinity where nothing holds them, -1 where something was refused. */
export function mayRemoveThrough(lane: Lane): number {
  const { stream } = lane
  const parents = orderOf(lane).parents ?? []
  // While its own newest state is refused, the client may still need what that state replaces. A removal that came later is
  // another state: it may be the correction (rule 17).
  const isRefusedStill = hasRefused(lane) && (lane.group?.lastRemoval ?? 0) <= lane.refusedAt
  if (isRefusedStill || stream.isReturning) return -1
  let through = Number.POSITIVE_INFINITY
  for (const type of parents) {
    const parent = laneOf(stream, type)
    if (parent === undefined || isEmpty(parent.subscription)) continue
    if (hasRefused(parent)) return -1
    // The old listener is in use until the new one has the routes that it refers to (rule 76).
    if (type === LISTENER && stream.isListenerNew) return -1
    if (isAsking(parent)) return -1
    // What the client came with from another fleet and is not told to drop may refer to anything.
    if ((parent.own?.owed.size ?? 0) > 0) return -1
    through = Math.min(through, answeredThrough(parent))
    // It may have changed before it was removed, and the client still has what it was before.
    if (hasParents(parent) && owesRemovals(parent)) through = Math.min(through, parent.removalsAt)
  }
  return through
}

/** Names that the client asked for are on their way to it: it may refer to anything until it has them. */
const isAsking = ({ own, step }: Lane): boolean => (own?.asked.size ?? 0) > 0 || step?.isOwn === true
