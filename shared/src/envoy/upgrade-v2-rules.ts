// What moved between Envoy's v2 and v3 API, by v3 message type. Fields not named here kept their name. The list comes
// from comparing the field numbers of all 546 message pairs, plus the forms of 2018 that were removed before v2 was
// frozen (RouteMatch.runtime, HeaderMatcher.value, use_websocket, sni_domains, percent, ...).
import { asList, isObject } from './json-value.ts'
import {
  clusterHosts,
  cors,
  exactList,
  extension,
  grpcClusterNames,
  gzip,
  idleTimeout,
  mirrorPolicy,
  perRoute,
  regex,
  tcpRoutes,
  tlsContext,
  valueAndRegex,
  virtualCluster,
} from './upgrade-v2-forms.ts'
import { drop, enumValue, move, type Rule, v3Only } from './upgrade-v2-moves.ts'

export { type Rule, type RuleContext, url } from './upgrade-v2-moves.ts'

const percent = move('percent', 'percentage', (numerator) => ({ numerator, denominator: 'HUNDRED' }))
const asRegex = (text: unknown) => ({ regex: text })
const runtimeFraction = (r: unknown) =>
  isObject(r)
    ? { default_value: { numerator: r.default_value ?? 0, denominator: 'HUNDRED' }, runtime_key: r.runtime_key }
    : r

const NETWORK = 'extensions.filters.network'
const HCM = `${NETWORK}.http_connection_manager.v3`
const TLS = 'extensions.transport_sockets.tls.v3'
const ROUTE = 'config.route.v3'

const CORE_RULES: Readonly<Record<string, readonly Rule[]>> = {
  'config.cluster.v3.Cluster': [
    clusterHosts,
    tlsContext,
    enumValue('lb_policy', 'ORIGINAL_DST_LB', 'CLUSTER_PROVIDED'),
    move('drain_connections_on_host_removal', 'ignore_health_on_host_removal'),
    drop('extension_protocol_options', 'write typed_extension_protocol_options'),
  ],
  'config.cluster.v3.LoadBalancingPolicy.Policy': [
    drop('config', 'write typed_extension_config'),
    drop('name', 'write typed_extension_config'),
  ],
  'config.listener.v3.FilterChain': [tlsContext],
  'config.listener.v3.FilterChainMatch': [
    move('sni_domains', 'server_names'),
    enumValue('source_type', 'LOCAL', 'SAME_IP_OR_LOOPBACK'),
  ],
  'config.listener.v3.Filter': [extension('network')],
  'config.listener.v3.ListenerFilter': [extension('listener')],
  'config.listener.v3.UdpListenerConfig': ['udp_listener_name', 'config', 'typed_config'].map((f) =>
    drop(f, 'UDP listeners are chosen by their options'),
  ),
  'config.core.v3.TransportSocket': [extension('transport')],
  'config.core.v3.ConfigSource': [v3Only('resource_api_version')],
  'config.core.v3.ApiConfigSource': [grpcClusterNames, v3Only('transport_api_version')],
  'config.core.v3.HealthCheck': [
    move('redis_health_check', 'custom_health_check', (config) => ({ name: 'envoy.health_checkers.redis', config })),
  ],
  'config.core.v3.HealthCheck.HttpHealthCheck': [
    move('service_name', 'service_name_matcher', (prefix) => ({ prefix })),
    move('use_http2', 'codec_client_type', (on) => (on ? 'HTTP2' : 'HTTP1')),
  ],
  'config.core.v3.HealthCheck.CustomHealthCheck': [extension('health')],
  'config.core.v3.Node': [drop('build_version', 'Envoy reports user_agent_build_version')],
  'config.endpoint.v3.ClusterLoadAssignment.Policy': [drop('disable_overprovisioning', 'set overprovisioning_factor')],
  'config.accesslog.v3.AccessLog': [extension('access_log')],
  'config.accesslog.v3.ExtensionFilter': [drop('config', 'write typed_config')],
  'config.metrics.v3.StatsSink': [extension('stats')],
  'config.trace.v3.Tracing.Http': [extension('trace')],
  'config.trace.v3.ZipkinConfig': [enumValue('collector_endpoint_version', 'HTTP_JSON_V1', 'HTTP_JSON')],
  'config.overload.v3.ResourceMonitor': [extension('resource')],
  'config.bootstrap.v3.Bootstrap': [drop('runtime', 'write layered_runtime')],
  'config.ratelimit.v3.RateLimitServiceConfig': [
    v3Only('transport_api_version'),
    drop('use_data_plane_proto', 'always on'),
  ],
  'config.rbac.v3.Principal.Authenticated': [move('name', 'principal_name', (exact) => ({ exact }))],
  'type.matcher.v3.StringMatcher': [move('regex', 'safe_regex', asRegex)],
}

const ROUTE_RULES: Readonly<Record<string, readonly Rule[]>> = {
  [`${ROUTE}.VirtualHost`]: [perRoute],
  [`${ROUTE}.Route`]: [perRoute],
  [`${ROUTE}.WeightedCluster.ClusterWeight`]: [perRoute],
  [`${ROUTE}.VirtualCluster`]: [virtualCluster],
  [`${ROUTE}.RouteMatch`]: [move('regex', 'safe_regex', asRegex), move('runtime', 'runtime_fraction', runtimeFraction)],
  [`${ROUTE}.HeaderMatcher`]: [move('regex_match', 'string_match', regex), valueAndRegex],
  [`${ROUTE}.QueryParameterMatcher`]: [valueAndRegex],
  [`${ROUTE}.CorsPolicy`]: [cors],
  [`${ROUTE}.RouteAction`]: [
    move('host_rewrite', 'host_rewrite_literal'),
    move('auto_host_rewrite_header', 'host_rewrite_header'),
    mirrorPolicy,
    move('use_websocket', 'upgrade_configs', (on) => [
      { upgrade_type: 'websocket', enabled: isObject(on) ? on.value : on },
    ]),
  ],
  [`${ROUTE}.RouteAction.RequestMirrorPolicy`]: [
    move('runtime_key', 'runtime_fraction', (runtime_key) => ({ default_value: { numerator: 0 }, runtime_key })),
  ],
  [`${ROUTE}.RetryPolicy.RetryPriority`]: [extension('retry_priority')],
  [`${ROUTE}.RetryPolicy.RetryHostPredicate`]: [extension('retry_host')],
}

const EXTENSION_RULES: Readonly<Record<string, readonly Rule[]>> = {
  'extensions.access_loggers.grpc.v3.CommonGrpcAccessLogConfig': [v3Only('transport_api_version')],
  'extensions.filters.common.fault.v3.FaultDelay': [drop('type', 'FIXED is all there is'), percent],
  'extensions.filters.http.fault.v3.FaultAbort': [percent],
  'extensions.filters.http.buffer.v3.Buffer': [drop('max_request_time', 'use the route timeout')],
  'extensions.filters.http.dynamic_forward_proxy.v3.PerRouteConfig': [
    move('host_rewrite', 'host_rewrite_literal'),
    move('auto_host_rewrite_header', 'host_rewrite_header'),
  ],
  'extensions.filters.http.ext_authz.v3.ExtAuthz': [
    v3Only('transport_api_version'),
    drop('use_alpha', 'v3 is all there is'),
  ],
  [`${NETWORK}.ext_authz.v3.ExtAuthz`]: [v3Only('transport_api_version')],
  [`${HCM}.HttpFilter`]: [extension('http'), gzip],
  [`${HCM}.HttpConnectionManager`]: [idleTimeout],
  [`${HCM}.HttpConnectionManager.Tracing`]: [
    drop('operation_name', 'set traffic_direction on the listener'),
    move('request_headers_for_tags', 'custom_tags', (names) =>
      asList(names).map((name) => ({ tag: name, request_header: { name } })),
    ),
  ],
  [`${NETWORK}.redis_proxy.v3.RedisProxy`]: [
    move('cluster', 'prefix_routes', (cluster) => ({ catch_all_route: { cluster } })),
  ],
  [`${NETWORK}.redis_proxy.v3.RedisProxy.PrefixRoutes`]: [
    move('catch_all_cluster', 'catch_all_route', (cluster) => ({ cluster })),
  ],
  [`${NETWORK}.tcp_proxy.v3.TcpProxy`]: [tcpRoutes],
  [`${NETWORK}.thrift_proxy.v3.ThriftFilter`]: [extension('thrift')],
  [`${TLS}.CertificateValidationContext`]: [
    move('verify_subject_alt_name', 'match_subject_alt_names', exactList),
    drop('require_ocsp_staple', 'use ocsp_staple_policy'),
  ],
  [`${TLS}.CommonTlsContext`]: [drop('deprecated_v1', 'use alpn_protocols')],
  [`${TLS}.PrivateKeyProvider`]: [drop('config', 'write typed_config')],
}

/** Rules by v3 message type, without the leading "envoy.". */
export const RULES: Readonly<Record<string, readonly Rule[]>> = { ...CORE_RULES, ...ROUTE_RULES, ...EXTENSION_RULES }
