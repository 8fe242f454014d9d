// What a resource refers to by name: clusters, route tables, assignments, secrets, extensions. Found generically, in
// every message of the resource, through Any and TypedStruct. Whether the names exist is not asked here.
import type { DescMessage } from '@bufbuild/protobuf'
import { asList, asObject, type JsonObject, join } from './json-value.ts'
import type { EnvoyTypes } from './types.ts'
import { type Visited, walkMessages } from './walk.ts'
import type { Position } from './yaml-positions.ts'

export type ReferenceKind = 'cluster' | 'routes' | 'endpoints' | 'secret' | 'extension'

/**
 * Where Envoy looks for the name: `ads` (or `self`), `api` (a management server of its own), `bootstrap` (only what the
 * process was started with, or what any list holds). Files are Envoy's own affair and no reference.
 */
export type ReferenceSource = 'ads' | 'api' | 'bootstrap'

export interface Reference {
  readonly kind: ReferenceKind
  readonly name: string
  readonly source: ReferenceSource
  /** Traffic goes there, so nothing works without it; otherwise it may stand in Envoy's own bootstrap as well. */
  readonly carriesTraffic: boolean
  /** In the document as it was written. */
  readonly path: string
  readonly position: Position | undefined
}
/** A reference before its path is led back to the document. */
export type FoundReference = Omit<Reference, 'position'>

const NETWORK = 'envoy.extensions.filters.network'
const HCM = `${NETWORK}.http_connection_manager.v3`

/** Fields that traffic follows: an unknown name there is a route to nowhere. */
const TRAFFIC_FIELDS: Readonly<Record<string, string>> = {
  'envoy.config.route.v3.RouteAction': 'cluster',
  'envoy.config.route.v3.WeightedCluster.ClusterWeight': 'name',
  'envoy.config.route.v3.RouteAction.RequestMirrorPolicy': 'cluster',
  [`${NETWORK}.tcp_proxy.v3.TcpProxy`]: 'cluster',
  [`${NETWORK}.tcp_proxy.v3.TcpProxy.WeightedCluster.ClusterWeight`]: 'name',
  [`${NETWORK}.thrift_proxy.v3.RouteAction`]: 'cluster',
  [`${NETWORK}.thrift_proxy.v3.RouteAction.RequestMirrorPolicy`]: 'cluster',
  [`${NETWORK}.thrift_proxy.v3.WeightedCluster.ClusterWeight`]: 'name',
  [`${NETWORK}.dubbo_proxy.v3.RouteAction`]: 'cluster',
  [`${NETWORK}.generic_proxy.action.v3.RouteAction`]: 'cluster',
  [`${NETWORK}.redis_proxy.v3.RedisProxy.PrefixRoutes.Route`]: 'cluster',
  [`${NETWORK}.redis_proxy.v3.RedisProxy.PrefixRoutes.Route.RequestMirrorPolicy`]: 'cluster',
  [`${NETWORK}.redis_proxy.v3.RedisProxy.PrefixRoutes.Route.ReadCommandPolicy`]: 'cluster',
  'envoy.extensions.filters.udp.udp_proxy.v3.Route': 'cluster',
  'envoy.extensions.clusters.aggregate.v3.ClusterConfig': 'clusters',
  'envoy.extensions.router.cluster_specifiers.matcher.v3.ClusterAction': 'cluster',
  'envoy.extensions.router.cluster_specifiers.priority_group.v3.ClusterWeight': 'cluster_name',
  'envoy.extensions.router.cluster_specifiers.lua.v3.LuaConfig': 'default_cluster',
}

/** Fields of side services, which often stand in the bootstrap. */
const SERVICE_FIELDS: Readonly<Record<string, string>> = {
  'envoy.config.core.v3.GrpcService.EnvoyGrpc': 'cluster_name',
  'envoy.config.core.v3.HttpUri': 'cluster',
  'envoy.config.core.v3.ApiConfigSource': 'cluster_names',
  'envoy.config.trace.v3.ZipkinConfig': 'collector_cluster',
  'envoy.config.trace.v3.DatadogConfig': 'collector_cluster',
  'envoy.extensions.access_loggers.fluentd.v3.FluentdAccessLogConfig': 'cluster',
  'envoy.extensions.tracers.fluentd.v3.FluentdConfig': 'cluster',
  'envoy.extensions.filters.http.gcp_authn.v3.GcpAuthnFilterConfig': 'cluster',
  'envoy.extensions.filters.http.cache_v2.v3.CacheV2Config': 'override_upstream_cluster',
  'envoy.extensions.filters.http.mcp_router.v3.McpRouter.McpCluster': 'cluster',
}

interface SourcedField {
  readonly kind: ReferenceKind
  readonly name: string
  /** The field that holds the ConfigSource; in a filter it is one deeper. */
  readonly source: string
}
/** Fields whose name is looked up by a ConfigSource beside it. */
const SOURCED_FIELDS: Readonly<Record<string, SourcedField>> = {
  [`${HCM}.Rds`]: { kind: 'routes', name: 'route_config_name', source: 'config_source' },
  'envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig': { kind: 'secret', name: 'name', source: 'sds_config' },
  [`${HCM}.HttpFilter`]: { kind: 'extension', name: 'name', source: 'config_discovery' },
  'envoy.config.listener.v3.Filter': { kind: 'extension', name: 'name', source: 'config_discovery' },
  'envoy.config.listener.v3.ListenerFilter': { kind: 'extension', name: 'name', source: 'config_discovery' },
  'envoy.config.cluster.v3.Filter': { kind: 'extension', name: 'name', source: 'config_discovery' },
}

/** Where a ConfigSource leads; undefined for a file. */
export function sourceOf(configSource: unknown): ReferenceSource | undefined {
  const source = asObject(configSource)
  if (source.ads !== undefined || source.self !== undefined) return 'ads'
  if (source.api_config_source !== undefined) return 'api'
  return source.path !== undefined || source.path_config_source !== undefined ? undefined : 'bootstrap'
}

/** The assignment that an EDS cluster asks for; undefined for any other cluster. Takes canonical JSON. */
export function endpointsOf(cluster: unknown): { name: string; source: ReferenceSource } | undefined {
  const { type, name, eds_cluster_config: eds } = asObject(cluster)
  if (type !== 'EDS') return undefined
  const { service_name, eds_config } = asObject(eds)
  const source = sourceOf(eds_config)
  if (source === undefined || source === 'bootstrap') return undefined
  const asked = typeof service_name === 'string' && service_name !== '' ? service_name : name
  return typeof asked === 'string' ? { name: asked, source } : undefined
}

/** All references of a resource in canonical JSON, in the order in which they stand. */
export function readReferences(json: unknown, desc: DescMessage, types: EnvoyTypes): FoundReference[] {
  const found: FoundReference[] = []
  walkMessages(json, desc, types, (message) => collectReferences(message, found))
  return found
}

/** The references of one message; those of the messages in it are their own. */
export function collectReferences({ desc: { typeName }, json: m, path }: Visited, found: FoundReference[]): void {
  const traffic = TRAFFIC_FIELDS[typeName]
  if (traffic) found.push(...clusterNames(m, traffic, path, true))
  const service = SERVICE_FIELDS[typeName]
  if (service) found.push(...clusterNames(m, service, path, false))
  const sourced = SOURCED_FIELDS[typeName]
  if (sourced) found.push(...sourcedName(m, sourced, path))
  if (typeName === 'envoy.config.route.v3.ScopedRouteConfiguration' && m.route_configuration_name) {
    // Its source stands in the connection manager that asked for the scope.
    found.push(reference('routes', m.route_configuration_name, 'ads', true, join(path, 'route_configuration_name')))
  }
  if (typeName === 'envoy.config.cluster.v3.Cluster') {
    const eds = endpointsOf(m)
    if (eds) found.push(reference('endpoints', eds.name, eds.source, true, join(path, 'eds_cluster_config')))
  }
}

function clusterNames(m: JsonObject, field: string, path: string, carriesTraffic: boolean): FoundReference[] {
  const here = join(path, field)
  const isList = Array.isArray(m[field])
  return asList(m[field])
    .map((name, i) => reference('cluster', name, 'ads', carriesTraffic, isList ? join(here, i) : here))
    .filter((r) => r.name !== '')
}

function sourcedName(m: JsonObject, { kind, name, source }: SourcedField, path: string): FoundReference[] {
  const holder = m[source]
  const isFilter = source === 'config_discovery'
  if (isFilter && holder === undefined) return []
  const where = sourceOf(isFilter ? asObject(holder).config_source : holder)
  const asked = m[name]
  if (where === undefined || typeof asked !== 'string' || asked === '') return []
  return [reference(kind, asked, where, true, join(path, name))]
}

const reference = (
  kind: ReferenceKind,
  name: unknown,
  source: ReferenceSource,
  carriesTraffic: boolean,
  path: string,
): FoundReference => ({ kind, name: String(name), source, carriesTraffic, path })
