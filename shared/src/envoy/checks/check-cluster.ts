// A cluster's type against its fields, and an assignment's endpoints against both.
import { isIP } from 'node:net'
import { asList, asObject, type JsonObject, join } from '../json-value.ts'
import type { Check, CheckContext } from './check.ts'

const MAX_UINT32 = 4_294_967_295

interface FoundEndpoint {
  readonly endpoint: JsonObject
  readonly path: string
}

/** The endpoints of an assignment, with their paths below it. */
function endpointsOf(assignment: JsonObject): FoundEndpoint[] {
  return asList(assignment.endpoints).flatMap((locality, i) =>
    asList(asObject(locality).lb_endpoints).map((lb, j) => ({
      endpoint: asObject(asObject(lb).endpoint),
      path: join(join(join(join('', 'endpoints'), i), 'lb_endpoints'), j),
    })),
  )
}

/** What Envoy's cluster factories demand of each discovery type. */
export const checkClusterType: Check = (m, c) => {
  if (m.cluster_type !== undefined) return
  const { type = 'STATIC', lb_policy = 'ROUND_ROBIN', eds_cluster_config: eds, load_assignment } = m
  if (type === 'EDS' && asObject(eds).eds_config === undefined) {
    c.error('', 'a cluster of type EDS needs eds_cluster_config with eds_config')
  }
  if (type !== 'EDS' && eds !== undefined)
    c.error('eds_cluster_config', `a cluster of type ${type} takes no EDS config`)
  if (type === 'ORIGINAL_DST') {
    if (lb_policy !== 'CLUSTER_PROVIDED')
      c.error('', 'a cluster of type ORIGINAL_DST needs lb_policy: CLUSTER_PROVIDED')
    if (load_assignment !== undefined) c.error('load_assignment', 'a cluster of type ORIGINAL_DST has no endpoints')
  } else if (lb_policy === 'CLUSTER_PROVIDED' && m.load_balancing_policy === undefined) {
    c.error('lb_policy', `a cluster of type ${type} provides no load balancer of its own`)
  }
  if (lb_policy === 'CLUSTER_PROVIDED' && m.lb_subset_config !== undefined) {
    c.error('lb_subset_config', 'subsets need a load balancer that is not CLUSTER_PROVIDED')
  }
  checkEndpointCount(m, String(type), c)
  if (type === 'STATIC') checkAddresses(asObject(load_assignment), 'load_assignment', c)
  else warnOfNoAddress(asObject(load_assignment), c)
}

function checkEndpointCount(m: JsonObject, type: string, c: CheckContext): void {
  const count = endpointsOf(asObject(m.load_assignment)).length
  if (type === 'LOGICAL_DNS' && count !== 1) {
    c.error('load_assignment', `a cluster of type LOGICAL_DNS needs exactly one endpoint, found ${count}`)
  }
  if (type === 'STRICT_DNS' && count === 0)
    c.warn('', 'a cluster of type STRICT_DNS without endpoints takes no traffic')
}

/** Nobody resolves names for a static cluster or an EDS assignment. */
function checkAddresses(assignment: JsonObject, at: string, c: CheckContext): void {
  for (const { endpoint, path } of endpointsOf(assignment)) {
    if (isWithoutAddress(endpoint)) c.error(at ? `${at}.${path}` : path, 'the endpoint has no address')
    const socket = asObject(asObject(endpoint.address).socket_address)
    if (typeof socket.address !== 'string' || isIP(socket.address) !== 0 || socket.resolver_name) continue
    const field = join(join(at ? `${at}.${path}` : path, 'endpoint'), 'address')
    c.error(
      `${field}.socket_address.address`,
      `"${socket.address}" is no IP address: only the cluster types STRICT_DNS and LOGICAL_DNS resolve names`,
    )
  }
}

/** Envoy takes it where names are resolved, and never sends anything there. */
function warnOfNoAddress(assignment: JsonObject, c: CheckContext): void {
  for (const { endpoint, path } of endpointsOf(assignment)) {
    if (isWithoutAddress(endpoint)) c.warn(`load_assignment.${path}`, 'the endpoint has no address')
  }
}
/** An endpoint may be named instead, which leaves the endpoint itself empty. */
const isWithoutAddress = (endpoint: JsonObject) => endpoint.address === undefined && Object.keys(endpoint).length > 0

/** An assignment that is a resource of its own. */
export const checkEdsAssignment: Check = (m, c) => {
  if (c.isRoot) checkAddresses(m, '', c)
}

export const checkAssignment: Check = (m, c) => {
  const priorities = new Map<number, number>()
  for (const locality of asList(m.endpoints).map(asObject)) {
    const priority = Number(locality.priority ?? 0)
    priorities.set(priority, (priorities.get(priority) ?? 0) + Number(locality.load_balancing_weight ?? 0))
  }
  const highest = Math.max(0, ...priorities.keys())
  for (let p = 0; p < Math.min(highest, 129) && priorities.size > 0; p++) {
    if (!priorities.has(p)) return c.warn('endpoints', `priority ${highest} is used, but no locality has priority ${p}`)
  }
  for (const [priority, sum] of priorities) {
    if (sum > MAX_UINT32) c.warn('endpoints', `the locality weights of priority ${priority} sum to more than 2^32 - 1`)
  }
}

const DEFAULT_MIN_RING = 1024
const DEFAULT_MAX_RING = 8_388_608

export const checkRing: Check = (m, c) => {
  const min = Number(m.minimum_ring_size ?? DEFAULT_MIN_RING)
  const max = Number(m.maximum_ring_size ?? DEFAULT_MAX_RING)
  if (min > max) c.error('', `minimum_ring_size (${min}) is above maximum_ring_size (${max})`)
}

export const checkMaglev: Check = ({ table_size }, c) => {
  if (table_size !== undefined && !isPrime(Number(table_size)))
    c.error('table_size', `${table_size} is no prime number`)
}
/** Of numbers up to a few millions. */
function isPrime(n: number): boolean {
  for (let i = 2; i * i <= n; i++) if (n % i === 0) return false
  return n > 1
}

export const checkCircuitBreakers: Check = (m, c) => {
  for (const field of ['thresholds', 'per_host_thresholds']) {
    const seen = new Set<unknown>()
    for (const [i, threshold] of asList(m[field]).entries()) {
      const { priority = 'DEFAULT' } = asObject(threshold)
      if (seen.has(priority)) c.warn(join(field, i), `priority ${priority} has thresholds already: these are not used`)
      seen.add(priority)
    }
  }
}
