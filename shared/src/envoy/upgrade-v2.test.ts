import { fromJson } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'
import { canonical } from './canonical-json.ts'
import { createEnvoyTypes } from './types.ts'
import { originOf } from './upgrade-v2.ts'
import { locate, readYaml } from './yaml-positions.ts'

const types = createEnvoyTypes()
const { registry, message, upgrade, validate } = types
const yaml = (text: string) => {
  const { value, issues } = readYaml(text)
  expect(issues).toEqual([])
  return value
}

const CLUSTER = 'envoy.config.cluster.v3.Cluster'
const ROUTE = 'envoy.config.route.v3.Route'
const CHAIN = 'envoy.config.listener.v3.FilterChain'
const HTTP = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'
const EXT = 'type.googleapis.com/envoy.extensions'

const cases: [what: string, type: string, v2: string, v3: string, lost?: string[]][] = [
  [
    'hosts',
    CLUSTER,
    '{ name: c, hosts: [ { pipe: { path: /s } } ] }',
    '{ name: c, load_assignment: { cluster_name: c, endpoints: [ { lb_endpoints: [ { endpoint: { address: { pipe: { path: /s } } } } ] } ] } }',
  ],
  [
    'tls_context of a cluster',
    CLUSTER,
    '{ name: c, tls_context: { sni: a } }',
    `{ name: c, transport_socket: { name: envoy.transport_sockets.tls, typed_config: { "@type": ${EXT}.transport_sockets.tls.v3.UpstreamTlsContext, sni: a } } }`,
  ],
  [
    'tls_context of a filter chain',
    CHAIN,
    '{ tls_context: {}, filters: [ { name: envoy.echo } ] }',
    `{ filters: [ { name: envoy.filters.network.echo, typed_config: { "@type": ${EXT}.filters.network.echo.v3.Echo } } ], transport_socket: { name: envoy.transport_sockets.tls, typed_config: { "@type": ${EXT}.transport_sockets.tls.v3.DownstreamTlsContext } } }`,
  ],
  [
    'untyped gRPC source of 2018',
    CLUSTER,
    '{ name: c, eds_cluster_config: { eds_config: { api_config_source: { api_type: GRPC, cluster_names: [x] } } } }',
    '{ name: c, eds_cluster_config: { eds_config: { api_config_source: { api_type: GRPC, grpc_services: [ { envoy_grpc: { cluster_name: x } } ], transport_api_version: V3 }, resource_api_version: V3 } } }',
  ],
  [
    'regex match',
    ROUTE,
    '{ match: { regex: "/a.*" }, redirect: { path_redirect: /b } }',
    '{ match: { safe_regex: { regex: "/a.*" } }, redirect: { path_redirect: /b } }',
  ],
  [
    'header matchers',
    ROUTE,
    '{ match: { prefix: /, headers: [ { name: a, value: "x+", regex: true }, { name: b, value: c }, { name: d, regexMatch: e }, { name: f } ] } }',
    '{ match: { prefix: /, headers: [ { name: a, string_match: { safe_regex: { regex: "x+" } } }, { name: b, string_match: { exact: c } }, { name: d, string_match: { safe_regex: { regex: e } } }, { name: f } ] } }',
  ],
  [
    'per-route config',
    ROUTE,
    '{ match: { prefix: / }, per_filter_config: { envoy.buffer: { disabled: true } } }',
    `{ match: { prefix: / }, typed_per_filter_config: { envoy.filters.http.buffer: { "@type": ${EXT}.filters.http.buffer.v3.BufferPerRoute, disabled: true } } }`,
  ],
  [
    'a field that nothing replaces',
    HTTP,
    '{ name: envoy.buffer, config: { max_request_bytes: 1, max_request_time: 1s } }',
    `{ name: envoy.filters.http.buffer, typed_config: { "@type": ${EXT}.filters.http.buffer.v3.Buffer, max_request_bytes: 1 } }`,
    ['typed_config.max_request_time'],
  ],
  [
    'a filter that is gone',
    HTTP,
    '{ name: envoy.squash, config: { cluster: c } }',
    '{ name: envoy.squash, config: { cluster: c } }',
    ['name'],
  ],
  ['a filter nobody knows', HTTP, '{ name: acme, config: { a: 1 } }', '{ name: acme, config: { a: 1 } }', ['config']],
  [
    'gzip is now a compressor',
    HTTP,
    '{ name: envoy.gzip, config: { memory_level: 3, content_length: 9 } }',
    `{ name: envoy.filters.http.compressor, typed_config: { "@type": ${EXT}.filters.http.compressor.v3.Compressor, response_direction_config: { common_config: { min_content_length: 9 } }, compressor_library: { name: gzip, typed_config: { "@type": ${EXT}.compression.gzip.compressor.v3.Gzip, memory_level: 3 } } } }`,
  ],
  [
    'typed v2 config',
    HTTP,
    '{ name: envoy.filters.http.lua, typed_config: { "@type": type.googleapis.com/envoy.config.filter.http.lua.v2.Lua, inline_code: x } }',
    `{ name: envoy.filters.http.lua, typed_config: { "@type": ${EXT}.filters.http.lua.v3.Lua, inline_code: x } }`,
  ],
  [
    'v2 type of the resource itself',
    'envoy.api.v2.Cluster',
    '{ name: c, lb_policy: original_dst_lb }',
    '{ name: c, lb_policy: CLUSTER_PROVIDED }',
  ],
  [
    'v3 stays as it is',
    CLUSTER,
    '{ name: c, type: EDS, eds_cluster_config: { eds_config: { ads: {}, resource_api_version: V3 } } }',
    '{ name: c, type: EDS, eds_cluster_config: { eds_config: { ads: {}, resource_api_version: V3 } } }',
  ],
]
test.each(cases)('%s', (_, type, v2, v3, lost = []) => {
  const { json, notes } = upgrade(yaml(v2), type)
  expect(json).toEqual(yaml(v3))
  expect(notes.filter((n) => n.level === 'lost').map((n) => n.path)).toEqual(lost)
  expect(upgrade(json, type).json, 'a second upgrade changes nothing').toEqual(json)
})

test('a field in both spellings keeps both, to be refused', () => {
  const { json } = upgrade({ name: 'c', altStatName: 'a', alt_stat_name: 'b' }, CLUSTER)
  expect(json).toEqual({ name: 'c', altStatName: 'a', alt_stat_name: 'b' })
})

const LISTENER = `
name: listener_1
address: { socket_address: { protocol: TCP, address: 0.0.0.0, port_value: 80 } }
filter_chains:
- filters:
  - name: envoy.http_connection_manager
    config:
      codec_type: auto
      stat_prefix: ingress_http
      route_config:
        name: route
        virtual_hosts:
        - name: backend
          domains: ["*"]
          routes:
          - match: { prefix: "/bcd/" }
            route: { weighted_clusters: { clusters: [ { name: "kubenvoy://some-svc.namespace:80", weight: 100 } ] } }
      http_filters: [ { name: envoy.router, config: {} } ]
`
test('a listener of 2018 becomes a valid v3 message', () => {
  const desc = message('envoy.config.listener.v3.Listener')!
  const { json, issues } = canonical(upgrade(yaml(LISTENER), desc.typeName).json, desc, types)
  expect(issues).toEqual([])
  expect(validate(desc, fromJson(desc, json, { registry }))).toEqual([])
})

const origins: [what: string, type: string, v2: string, path: string, from: string][] = [
  [
    'config',
    CHAIN,
    '{ filters: [ { name: envoy.echo, config: { a: 1 } } ] }',
    'filters[0].typed_config.a',
    'filters[0].config.a',
  ],
  [
    'a move within a move',
    CHAIN,
    '{ filters: [ { name: envoy.http_connection_manager, config: { idle_timeout: 1 } } ] }',
    'filters[0].typed_config.common_http_protocol_options.idle_timeout',
    'filters[0].config.idle_timeout',
  ],
  ['another spelling', CLUSTER, '{ altStatName: 5 }', 'alt_stat_name', 'altStatName'],
  [
    'a spelling within a move',
    CHAIN,
    '{ tlsContext: { commonTlsContext: { x: 1 } } }',
    'transport_socket.typed_config.common_tls_context.x',
    'tlsContext.commonTlsContext.x',
  ],
  ['what did not move', CLUSTER, '{ name: c, hosts: [] }', 'lb_policy', 'lb_policy'],
]
test.each(origins)('an upgraded path leads back: %s', (_, type, v2, path, from) => {
  expect(originOf(path, upgrade(yaml(v2), type).origins)).toBe(from)
})

test('a mistake in v2 config is reported at the line where it was written', () => {
  const desc = message('envoy.config.listener.v3.Listener')!
  const { value, positions } = readYaml(LISTENER.replace('stat_prefix', 'stat_prefx'))
  const { json, origins: moved } = upgrade(value, desc.typeName)
  const [issue] = canonical(json, desc, types).issues
  expect(issue!.message).toMatch(/did you mean "stat_prefix"/)
  expect(issue!.path).toBe('filter_chains[0].filters[0].typed_config.stat_prefx')
  expect(locate(positions, originOf(issue!.path, moved))).toEqual({ line: 9, column: 7 })
})
