import { create, fromJson, type JsonValue } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'
import { createEnvoyTypes } from './types.ts'

const { registry, message, validate } = createEnvoyTypes()

const CLUSTER = 'envoy.config.cluster.v3.Cluster'
const LISTENER = 'envoy.config.listener.v3.Listener'
const ROUTES = 'envoy.config.route.v3.RouteConfiguration'
const BUFFER_TYPE = 'type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer'
const BUFFER = { '@type': BUFFER_TYPE }
const STRUCT = { '@type': 'type.googleapis.com/xds.type.v3.TypedStruct', type_url: BUFFER_TYPE }
const routes = (...list: JsonValue[]) => ({ virtual_hosts: [{ name: 'v', domains: ['*'], routes: list }] })
const route = (more: object) => routes({ match: { prefix: '/' }, route: { cluster: 'c' }, ...more } as JsonValue)
const thresholds = { interval: '1s', healthy_threshold: 1, unhealthy_threshold: 1 }
const at = 'virtual_hosts[0].routes[0]'

const cases: [what: string, type: string, json: JsonValue, violations: string[]][] = [
  ['a good cluster', CLUSTER, { name: 'c', connect_timeout: '1s' }, []],
  ['min_len', CLUSTER, { name: '' }, ['name: min_len']],
  ['duration gt', CLUSTER, { name: 'c', connect_timeout: '0s' }, ['connect_timeout: gt']],
  [
    'lte on a wrapper',
    CLUSTER,
    { name: 'c', outlier_detection: { max_ejection_percent: 200 } },
    ['outlier_detection.max_ejection_percent: lte'],
  ],
  ['an unset wrapper is not checked', CLUSTER, { name: 'c', outlier_detection: {} }, []],
  [
    'required message',
    CLUSTER,
    { name: 'c', health_checks: [{ ...thresholds, tcp_health_check: {} }] },
    ['health_checks[0].timeout: required'],
  ],
  [
    'required oneof',
    CLUSTER,
    { name: 'c', health_checks: [{ timeout: '1s', ...thresholds }] },
    ['health_checks[0].health_checker: required'],
  ],
  ['enum defined_only', CLUSTER, { name: 'c', lb_policy: 99 }, ['lb_policy: defined_only']],
  [
    'uint32 lte',
    LISTENER,
    { address: { socket_address: { address: 'a', port_value: 70000 } } },
    ['address.socket_address.port_value: lte'],
  ],
  ['min_items', ROUTES, { virtual_hosts: [{ name: 'v', domains: [] }] }, ['virtual_hosts[0].domains: min_items']],
  ['required inside a oneof counts only for the chosen member', ROUTES, route({}), []],
  [
    'a range',
    ROUTES,
    routes({ match: { prefix: '/' }, direct_response: { status: 42 } }),
    [`${at}.direct_response.status: gte`],
  ],
  [
    'header name',
    ROUTES,
    route({ request_headers_to_remove: ['a\nb'] }),
    [`${at}.request_headers_to_remove[0]: well_known_regex`],
  ],
  ['ignore_empty', ROUTES, { vhost_header: '', ...route({}) }, []],
  [
    'inside Any in a map',
    ROUTES,
    route({ typed_per_filter_config: { b: BUFFER } }),
    [`${at}.typed_per_filter_config.b.max_request_bytes: required`],
  ],
  [
    'inside TypedStruct',
    ROUTES,
    route({ typed_per_filter_config: { 'b.c': { ...STRUCT, value: {} } } }),
    [`${at}.typed_per_filter_config["b.c"].value.max_request_bytes: required`],
  ],
  [
    'a good TypedStruct',
    ROUTES,
    route({ typed_per_filter_config: { b: { ...STRUCT, value: { maxRequestBytes: 1 } } } }),
    [],
  ],
]
test.each(cases)('%s', (_, type, json, violations) => {
  const desc = message(type)!
  const found = validate(desc, fromJson(desc, json, { registry }))
  expect(found.map((v) => `${v.path}: ${v.rule}`)).toEqual(violations)
})

test('every rule in the type set is understood', () => {
  let messages = 0
  for (const desc of registry) {
    if (desc.kind !== 'message') continue
    validate(desc, create(desc))
    messages++
  }
  expect(messages).toBeGreaterThan(1600)
})
