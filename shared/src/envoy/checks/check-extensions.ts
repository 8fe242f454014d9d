// Whether a known type stands in the right slot: a TcpProxy is no HTTP filter. What each slot takes is read from the list
// of extensions that a running Envoy reports; a type that is unknown altogether is the strict walk's affair.
import { typeNameOf } from '../canonical-json.ts'
import { asObject, isObject, type JsonObject, join } from '../json-value.ts'
import type { EnvoyTypes, Extensions } from '../types.ts'
import type { Check, CheckContext } from './check.ts'

interface Slot {
  /** Of a message; every member of a list or a map is a config. Ends at an Any. */
  readonly path: readonly string[]
  /** Categories of the extensions file. */
  readonly takes: readonly string[]
  readonly what: string
}

const slot = (path: string, what: string, ...takes: readonly string[]): Slot => ({ path: path.split('.'), what, takes })

const CORE = 'envoy.config'
const HCM = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'
const HTTP = 'envoy.filters.http'
const UPSTREAM_HTTP = 'envoy.filters.http.upstream'
const UPSTREAM_SOCKET = slot(
  'transport_socket.typed_config',
  'upstream transport socket',
  'envoy.transport_sockets.upstream',
)

/** By the message that holds the slot. */
export const SLOTS: Readonly<Record<string, readonly Slot[]>> = {
  [`${CORE}.listener.v3.Filter`]: [slot('typed_config', 'network filter', 'envoy.filters.network')],
  [`${CORE}.listener.v3.ListenerFilter`]: [
    slot('typed_config', 'listener filter', 'envoy.filters.listener', 'envoy.filters.udp_listener'),
  ],
  [`${CORE}.listener.v3.FilterChain`]: [
    slot('transport_socket.typed_config', 'downstream transport socket', 'envoy.transport_sockets.downstream'),
  ],
  [`${CORE}.cluster.v3.Cluster`]: [
    UPSTREAM_SOCKET,
    slot('cluster_type.typed_config', 'cluster type', 'envoy.clusters'),
    slot(
      'typed_extension_protocol_options',
      'upstream protocol option',
      'envoy.upstream_options',
      HTTP,
      'envoy.filters.network',
    ),
    slot('typed_dns_resolver_config.typed_config', 'DNS resolver', 'envoy.network.dns_resolver'),
  ],
  [`${CORE}.cluster.v3.Cluster.TransportSocketMatch`]: [UPSTREAM_SOCKET],
  [`${CORE}.cluster.v3.LoadBalancingPolicy.Policy`]: [
    slot('typed_extension_config.typed_config', 'load balancing policy', 'envoy.load_balancing_policies'),
  ],
  [`${CORE}.core.v3.HealthCheck.CustomHealthCheck`]: [slot('typed_config', 'health checker', 'envoy.health_checkers')],
  [`${CORE}.accesslog.v3.AccessLog`]: [slot('typed_config', 'access logger', 'envoy.access_loggers')],
  [`${CORE}.accesslog.v3.ExtensionFilter`]: [
    slot('typed_config', 'access log filter', 'envoy.access_loggers.extension_filters'),
  ],
  [`${CORE}.trace.v3.Tracing.Http`]: [slot('typed_config', 'tracer', 'envoy.tracers')],
  [`${CORE}.route.v3.RetryPolicy.RetryHostPredicate`]: [
    slot('typed_config', 'retry host predicate', 'envoy.retry_host_predicates'),
  ],
  [`${CORE}.route.v3.RetryPolicy.RetryPriority`]: [slot('typed_config', 'retry priority', 'envoy.retry_priorities')],
  [`${CORE}.route.v3.InternalRedirectPolicy`]: [
    slot('predicates.typed_config', 'redirect predicate', 'envoy.internal_redirect_predicates'),
  ],
  [`${CORE}.route.v3.RouteMatch`]: [slot('path_match_policy.typed_config', 'path match policy', 'envoy.path.match')],
  [`${CORE}.route.v3.RouteAction`]: [
    slot('path_rewrite_policy.typed_config', 'path rewrite policy', 'envoy.path.rewrite'),
  ],
  [`${CORE}.route.v3.ClusterSpecifierPlugin`]: [
    slot('extension.typed_config', 'cluster specifier', 'envoy.router.cluster_specifier_plugin'),
  ],
  [HCM]: [
    slot('http_filters.typed_config', 'HTTP filter', HTTP),
    slot('original_ip_detection_extensions.typed_config', 'IP detection', 'envoy.http.original_ip_detection'),
    slot('request_id_extension.typed_config', 'request id extension', 'envoy.request_id'),
  ],
  [`${HCM}.UpgradeConfig`]: [slot('filters.typed_config', 'HTTP filter', HTTP)],
  'envoy.extensions.filters.http.router.v3.Router': [
    slot('upstream_http_filters.typed_config', 'upstream HTTP filter', UPSTREAM_HTTP),
  ],
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': [
    slot('http_filters.typed_config', 'upstream HTTP filter', UPSTREAM_HTTP),
  ],
  'envoy.extensions.filters.http.compressor.v3.Compressor': [
    slot('compressor_library.typed_config', 'compressor', 'envoy.compression.compressor'),
  ],
  'envoy.extensions.filters.http.decompressor.v3.Decompressor': [
    slot('decompressor_library.typed_config', 'decompressor', 'envoy.compression.decompressor'),
  ],
  'envoy.extensions.filters.http.stateful_session.v3.StatefulSession': [
    slot('session_state.typed_config', 'session state', 'envoy.http.stateful_session'),
  ],
}

/** Messages that may say what a filter does on a route. */
export const PER_ROUTE_HOLDERS: readonly string[] = [
  'RouteConfiguration',
  'VirtualHost',
  'Route',
  'WeightedCluster.ClusterWeight',
].map((name) => `${CORE}.route.v3.${name}`)

const PER_ROUTE_FIELD = slot('typed_per_filter_config', 'per-route configuration', HTTP, UPSTREAM_HTTP)
const PER_ROUTE_TYPE = /(PerRoute|PerRouteConfig|Override|CorsPolicy)$/

interface FoundConfig {
  readonly path: string
  readonly config: unknown
  /** The message that the config stands in. */
  readonly holder: JsonObject
}

/** The configs of a slot, with what is missing as undefined. */
function configsAt(holder: JsonObject, path: readonly string[], at: string): FoundConfig[] {
  const [field, ...rest] = path
  if (field === undefined) return []
  const value = holder[field]
  const here = join(at, field)
  if (rest.length === 0) {
    const isMap = field === 'typed_per_filter_config' || field === 'typed_extension_protocol_options'
    if (!isMap) return [{ path: here, config: value, holder }]
    return Object.entries(asObject(value)).map(([key, config]) => ({ path: join(here, key), config, holder }))
  }
  if (Array.isArray(value)) return value.flatMap((v, i) => (isObject(v) ? configsAt(v, rest, join(here, i)) : []))
  return isObject(value) ? configsAt(value, rest, here) : []
}

/** The message that a config is of, through TypedStruct and the wrappers that Envoy opens. */
export function typeOfConfig(config: unknown): string | undefined {
  const any = asObject(config)
  const name = typeNameOf(any['@type'])
  if (name === 'xds.type.v3.TypedStruct' || name === 'udpa.type.v1.TypedStruct') return typeNameOf(any.type_url)
  if (name === 'envoy.config.route.v3.FilterConfig')
    return any.config === undefined ? undefined : typeOfConfig(any.config)
  return name
}

/** The types that a slot takes, with the names of their extensions. */
function typesOf(extensions: Extensions, categories: readonly string[]): ReadonlySet<string> {
  return new Set(categories.flatMap((c) => Object.values(extensions[c] ?? {}).flat()))
}

export const checkSlots =
  (slots: readonly Slot[]): Check =>
  (m, c) => {
    for (const { path, takes, what } of slots) {
      for (const { path: at, config, holder } of configsAt(m, path, '')) {
        if (config === undefined) {
          if (holder.config_discovery === undefined) c.error(at, `a ${what} needs a typed_config`)
          continue
        }
        checkType(config, at, what, typesOf(c.types.extensions, takes), c)
      }
    }
  }

function checkType(config: unknown, at: string, what: string, takes: ReadonlySet<string>, c: CheckContext): void {
  const type = typeOfConfig(config)
  if (type === undefined || takes.has(type) || !isKnown(type, c.types)) return
  c.error(at, `${type} is no ${what}`)
}

const isKnown = (type: string, types: EnvoyTypes) => types.registry.getMessage(type) !== undefined

/** A filter with a type of its own for routes takes only that one there. */
export const checkPerRoute: Check = (m, c) => {
  checkSlots([PER_ROUTE_FIELD])(m, c)
  const filters = Object.values(c.types.extensions[HTTP] ?? {})
  for (const { path, config } of configsAt(m, PER_ROUTE_FIELD.path, '')) {
    const type = typeOfConfig(config)
    const siblings = filters.find((types) => type !== undefined && types.includes(type)) ?? []
    const wanted = siblings.filter((t) => PER_ROUTE_TYPE.test(t))
    if (type !== undefined && wanted.length > 0 && !wanted.includes(type)) {
      c.error(path, `${type} configures the filter as a whole: ${wanted.join(' or ')} expected on a route`)
    }
  }
}
