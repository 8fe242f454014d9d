// Extension names of Envoy v2 (2018 to 2020), today's names, and the type of their configuration. Data only.

export type Slot =
  | 'http'
  | 'network'
  | 'listener'
  | 'thrift'
  | 'access_log'
  | 'transport'
  | 'stats'
  | 'trace'
  | 'health'
  | 'retry_host'
  | 'retry_priority'
  | 'resource'

/** `type` is '' when Envoy no longer has the extension; "%s" in it stands for Upstream or Downstream. */
export interface Extension {
  readonly name: string
  readonly type: string
  readonly old: readonly string[]
}

const ext = (name: string, type: string, ...old: readonly string[]): Extension => ({
  name,
  type: type && `envoy.${type}`,
  old,
})

/** "router Router" in folder filters.http: envoy.filters.http.router, ...filters.http.router.v3.Router, once envoy.router. */
const family = (folder: string, old: string, specs: readonly string[]) =>
  specs.map((spec) => {
    const [short, message] = spec.split(' ')
    const type = message ? `extensions.${folder}.${short}.v3.${message}` : ''
    return ext(`envoy.${folder}.${short}`, type, `${old}${short}`)
  })

const NETWORK = [
  'http_connection_manager HttpConnectionManager',
  'tcp_proxy TcpProxy',
  'redis_proxy RedisProxy',
  'mongo_proxy MongoProxy',
  'ratelimit RateLimit',
  'ext_authz ExtAuthz',
  'echo Echo',
  'rbac RBAC',
  'sni_cluster SniCluster',
  'thrift_proxy ThriftProxy',
  'dubbo_proxy DubboProxy',
  'zookeeper_proxy ZooKeeperProxy',
  'local_ratelimit LocalRateLimit',
  'direct_response Config',
  'client_ssl_auth',
  'mysql_proxy',
  'kafka_broker',
]
const HTTP = [
  'router Router',
  'buffer Buffer',
  'cors Cors',
  'csrf CsrfPolicy',
  'ext_authz ExtAuthz',
  'fault HTTPFault',
  'grpc_http1_bridge Config',
  'grpc_json_transcoder GrpcJsonTranscoder',
  'grpc_web GrpcWeb',
  'gzip Gzip',
  'health_check HealthCheck',
  'ip_tagging IPTagging',
  'lua Lua',
  'header_to_metadata Config',
  'jwt_authn JwtAuthentication',
  'rbac RBAC',
  'tap Tap',
  'grpc_http1_reverse_bridge FilterConfig',
  'grpc_stats FilterConfig',
  'adaptive_concurrency AdaptiveConcurrency',
  'dynamic_forward_proxy FilterConfig',
  'on_demand OnDemand',
  'original_src OriginalSrc',
  'aws_lambda Config',
  'aws_request_signing AwsRequestSigning',
  'compressor Compressor',
  'squash',
]
const LISTENER = [
  'http_inspector HttpInspector',
  'original_dst OriginalDst',
  'original_src OriginalSrc',
  'proxy_protocol ProxyProtocol',
  'tls_inspector TlsInspector',
]

const EXTENSIONS: Readonly<Record<Slot, readonly Extension[]>> = {
  network: family('filters.network', 'envoy.', NETWORK),
  http: [
    ...family('filters.http', 'envoy.', HTTP),
    ext('envoy.filters.http.ratelimit', 'extensions.filters.http.ratelimit.v3.RateLimit', 'envoy.rate_limit'),
    ext('envoy.filters.http.dynamo', '', 'envoy.http_dynamo_filter'),
  ],
  listener: family('filters.listener', 'envoy.listener.', LISTENER),
  thrift: [
    ext('envoy.filters.thrift.router', 'extensions.filters.network.thrift_proxy.router.v3.Router'),
    ext('envoy.filters.thrift.rate_limit', 'extensions.filters.network.thrift_proxy.filters.ratelimit.v3.RateLimit'),
  ],
  access_log: [
    ext('envoy.access_loggers.file', 'extensions.access_loggers.file.v3.FileAccessLog', 'envoy.file_access_log'),
    ext(
      'envoy.access_loggers.http_grpc',
      'extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig',
      'envoy.http_grpc_access_log',
    ),
    ext(
      'envoy.access_loggers.tcp_grpc',
      'extensions.access_loggers.grpc.v3.TcpGrpcAccessLogConfig',
      'envoy.tcp_grpc_access_log',
    ),
  ],
  transport: [
    ext('envoy.transport_sockets.tls', 'extensions.transport_sockets.tls.v3.%sTlsContext', 'tls'),
    ext('envoy.transport_sockets.raw_buffer', 'extensions.transport_sockets.raw_buffer.v3.RawBuffer', 'raw_buffer'),
    ext('envoy.transport_sockets.alts', 'extensions.transport_sockets.alts.v3.Alts', 'alts'),
    ext('envoy.transport_sockets.tap', 'extensions.transport_sockets.tap.v3.Tap', 'envoy.transport_sockets.capture'),
  ],
  stats: [
    ext('envoy.stat_sinks.statsd', 'config.metrics.v3.StatsdSink', 'envoy.statsd'),
    ext('envoy.stat_sinks.dog_statsd', 'config.metrics.v3.DogStatsdSink', 'envoy.dog_statsd'),
    ext('envoy.stat_sinks.metrics_service', 'config.metrics.v3.MetricsServiceConfig', 'envoy.metrics_service'),
    ext('envoy.stat_sinks.hystrix', 'config.metrics.v3.HystrixSink'),
  ],
  trace: [
    ext('envoy.tracers.zipkin', 'config.trace.v3.ZipkinConfig', 'envoy.zipkin'),
    ext('envoy.tracers.datadog', 'config.trace.v3.DatadogConfig'),
    ext('envoy.tracers.lightstep', '', 'envoy.lightstep'),
    ext('envoy.tracers.dynamic_ot', '', 'envoy.dynamic.ot'),
    ext('envoy.tracers.opencensus', ''),
  ],
  health: [ext('envoy.health_checkers.redis', 'extensions.health_checkers.redis.v3.Redis')],
  retry_host: [
    ext('envoy.retry_host_predicates.previous_hosts', 'extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate'),
    ext(
      'envoy.retry_host_predicates.omit_canary_hosts',
      'extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate',
    ),
  ],
  retry_priority: [
    ext(
      'envoy.retry_priorities.previous_priorities',
      'extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig',
    ),
  ],
  resource: [
    ext('envoy.resource_monitors.fixed_heap', 'extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig'),
    ext(
      'envoy.resource_monitors.injected_resource',
      'extensions.resource_monitors.injected_resource.v3.InjectedResourceConfig',
    ),
  ],
}

/** The extension with this name, old or new. */
export const findExtension = (slot: Slot, name: unknown): Extension | undefined =>
  typeof name === 'string' ? EXTENSIONS[slot].find((e) => e.name === name || e.old.includes(name)) : undefined

/** HTTP filters whose per-route configuration has a type of its own. */
const PER_ROUTE: Readonly<Record<string, string>> = Object.fromEntries(
  [
    'buffer BufferPerRoute',
    'rbac RBACPerRoute',
    'ext_authz ExtAuthzPerRoute',
    'lua LuaPerRoute',
    'dynamic_forward_proxy PerRouteConfig',
    'grpc_http1_reverse_bridge FilterConfigPerRoute',
    'jwt_authn PerRouteConfig',
  ]
    .map((s) => s.split(' '))
    .map(([short, message]) => [`envoy.filters.http.${short}`, `envoy.extensions.filters.http.${short}.v3.${message}`]),
)
export const perRouteType = (filter: Extension): string => PER_ROUTE[filter.name] ?? filter.type

/** v2 types that no v3 message names as its predecessor, or names wrongly. */
export const TYPE_FIXES: readonly (readonly [v2: string, v3: string])[] = [
  ['envoy.config.filter.http.ext_authz.v2.ExtAuthz', 'envoy.extensions.filters.http.ext_authz.v3.ExtAuthz'],
  ['envoy.config.filter.http.ext_authz.v2alpha.ExtAuthz', 'envoy.extensions.filters.http.ext_authz.v3.ExtAuthz'],
]
