// The checks that look at one resource and know what Envoy makes of it, beyond types and rules of the API. Each is a
// small function on one message type; this is the table of them. What they can't see: files of the proxies, Lua, the
// commands of log formats.
import type { Say } from '../fragment.ts'
import { within } from '../json-value.ts'
import type { EnvoyTypes } from '../types.ts'
import type { Visited } from '../walk.ts'
import type { Check } from './check.ts'
import {
  checkAssignment,
  checkCircuitBreakers,
  checkClusterType,
  checkEdsAssignment,
  checkMaglev,
  checkRing,
} from './check-cluster.ts'
import { checkPerRoute, checkSlots, PER_ROUTE_HOLDERS, SLOTS } from './check-extensions.ts'
import { checkHttpFilters, checkNetworkFilters, checkUpstreamFilters } from './check-filters.ts'
import { checkListener } from './check-listener.ts'
import { checkRegex } from './check-regex.ts'
import { checkDomains, checkHeaders, checkRouteAction, checkWeightedClusters, HEADER_HOLDERS } from './check-routes.ts'
import { checkAuthority, checkCertificate, checkNames, checkServerTls, checkTlsVersions } from './check-tls.ts'

const NETWORK = 'envoy.extensions.filters.network'
const TLS = 'envoy.extensions.transport_sockets.tls.v3'

const BY_TYPE: readonly (readonly [type: string, ...checks: readonly Check[]])[] = [
  ['envoy.config.cluster.v3.Cluster', checkClusterType],
  ['envoy.config.cluster.v3.Cluster.RingHashLbConfig', checkRing],
  ['envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash', checkRing],
  ['envoy.config.cluster.v3.Cluster.MaglevLbConfig', checkMaglev],
  ['envoy.extensions.load_balancing_policies.maglev.v3.Maglev', checkMaglev],
  ['envoy.config.cluster.v3.CircuitBreakers', checkCircuitBreakers],
  ['envoy.config.endpoint.v3.ClusterLoadAssignment', checkAssignment, checkEdsAssignment],
  ['envoy.config.listener.v3.Listener', checkListener],
  ['envoy.config.listener.v3.FilterChain', checkNetworkFilters],
  [`${NETWORK}.http_connection_manager.v3.HttpConnectionManager`, checkHttpFilters],
  ['envoy.extensions.upstreams.http.v3.HttpProtocolOptions', checkUpstreamFilters],
  ['envoy.config.route.v3.RouteConfiguration', checkDomains],
  ['envoy.config.route.v3.WeightedCluster', checkWeightedClusters],
  ['envoy.config.route.v3.RouteAction', checkRouteAction],
  ['envoy.type.matcher.v3.RegexMatcher', checkRegex],
  [`${TLS}.TlsCertificate`, checkCertificate],
  [`${TLS}.CertificateValidationContext`, checkAuthority],
  [`${TLS}.CommonTlsContext`, checkNames],
  [`${TLS}.TlsParameters`, checkTlsVersions],
  [`${TLS}.DownstreamTlsContext`, checkServerTls],
  ...HEADER_HOLDERS.map((type) => [type, checkHeaders] as const),
  ...PER_ROUTE_HOLDERS.map((type) => [type, checkPerRoute] as const),
  ...Object.entries(SLOTS).map(([type, slots]) => [type, checkSlots(slots)] as const),
]

const CHECKS: ReadonlyMap<string, readonly Check[]> = BY_TYPE.reduce(
  (map, [type, ...checks]) => map.set(type, [...(map.get(type) ?? []), ...checks]),
  new Map<string, readonly Check[]>(),
)

/** Says what is wrong with one message of a resource that is valid by its types and rules. */
export function checkMessage({ desc, json, path }: Visited, types: EnvoyTypes, say: Say): void {
  for (const check of CHECKS.get(desc.typeName) ?? []) {
    check(json, {
      types,
      isRoot: path === '',
      error: (field, message) => say('error', 'check', message, within(path, field)),
      warn: (field, message) => say('warning', 'check', message, within(path, field)),
    })
  }
}
