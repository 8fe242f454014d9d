import { fromJson } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'
import { canonical } from './canonical-json.ts'
import { createEnvoyTypes } from './types.ts'
import { locate, readYaml } from './yaml-positions.ts'

const types = createEnvoyTypes()
const CLUSTER = types.message('envoy.config.cluster.v3.Cluster')!

/** What Envoy 1.40 accepts (except where marked) must come out canonical; fields of a Cluster, one a case. */
const accepted: [yaml: string, json: object][] = [
  ['type: strict_dns', { type: 'STRICT_DNS' }],
  ['type: 1', { type: 'STRICT_DNS' }],
  ['type: "1"', { type: 'STRICT_DNS' }],
  ['altStatName: a', { alt_stat_name: 'a' }],
  ['alt_stat_name: 1.10', { alt_stat_name: '1.10' }],
  ['alt_stat_name: yes # Envoy takes this for a boolean', { alt_stat_name: 'yes' }],
  ['connect_timeout: { seconds: 1 }', { connect_timeout: '1.000000000s' }],
  ['connect_timeout: 0.25s', { connect_timeout: '0.25s' }],
  ['per_connection_buffer_limit_bytes: { value: "32768" }', { per_connection_buffer_limit_bytes: 32768 }],
  ['per_connection_buffer_limit_bytes: 0x2710', { per_connection_buffer_limit_bytes: 10000 }],
  ['per_connection_buffer_limit_bytes: 10000.0', { per_connection_buffer_limit_bytes: 10000 }],
  ['ring_hash_lb_config: { minimum_ring_size: 1e3 }', { ring_hash_lb_config: { minimum_ring_size: '1000' } }],
  ['ring_hash_lb_config: { minimum_ring_size: 8388608 }', { ring_hash_lb_config: { minimum_ring_size: '8388608' } }],
  [
    'ring_hash_lb_config: { minimum_ring_size: 9007199254740993 }',
    { ring_hash_lb_config: { minimum_ring_size: '9007199254740993' } },
  ],
  ['ignore_health_on_host_removal: on', { ignore_health_on_host_removal: true }],
  ['ignore_health_on_host_removal: "true"', { ignore_health_on_host_removal: true }],
  ['health_checks: { tcp_health_check: {} }', { health_checks: [{ tcp_health_check: {} }] }],
  ['outlier_detection: # nothing', {}],
  [
    'metadata: { filter_metadata: { a: { b: [1, ~, 1.10, 1e4] } } }',
    { metadata: { filter_metadata: { a: { b: [1, null, 1.1, 10000] } } } },
  ],
]
test.each(accepted)('%s', (yaml, json) => {
  const result = canonical(readYaml(yaml).value, CLUSTER, types)
  expect(result).toEqual({ json, issues: [] })
  fromJson(CLUSTER, result.json, { registry: types.registry })
})

const refused: [yaml: string, line: number, message: RegExp][] = [
  ['name: c\nhosst: []', 2, /has no field "hosst"/],
  ['lb_polcy: RANDOM', 1, /did you mean "lb_policy"/],
  ['altStatName: a\nalt_stat_name: a', 2, /given twice/],
  ['connect_timeout: 250ms', 1, /did you mean "0.25s"/],
  ['connect_timeout: 1m', 1, /did you mean "60s"/],
  ['connect_timeout: -1s', 1, /duration/],
  ['connect_timeout: 0.1234567891s', 1, /duration/],
  ['alt_stat_name: 12', 1, /put it in quotes/],
  ['alt_stat_name: true', 1, /put it in quotes/],
  ['per_connection_buffer_limit_bytes: 010', 1, /whole number/],
  ['per_connection_buffer_limit_bytes: 1.5', 1, /whole number/],
  ['per_connection_buffer_limit_bytes: 10_000', 1, /whole number/],
  ['per_connection_buffer_limit_bytes: -1', 1, /not between/],
  ['per_connection_buffer_limit_bytes: 4294967296', 1, /not between/],
  ['type: WRONG', 1, /none of STATIC/],
  ['type: 99', 1, /none of STATIC/],
  ['ignore_health_on_host_removal: 1', 1, /true or false/],
  ['health_checks: [~]', 1, /empty list item/],
  ['metadata: []', 1, /mapping .* expected, got a list/],
  ['metadata: { filter_metadata: { a: { b: 010 } } }', 1, /leading zero/],
  ['name: c\ntype: EDS\ncluster_type: { name: a }', 3, /only one of "type" and "cluster_type"/],
  ['transport_socket:\n  name: t\n  typed_config: {}', 3, /"@type"/],
  ['transport_socket:\n  typed_config:\n    "@type": Acme', 3, /type.googleapis.com/],
  ['transport_socket:\n  typed_config:\n    "@type": type.googleapis.com/acme.v1.X', 3, /unknown type acme.v1.X/],
  [
    'transport_socket:\n  typed_config:\n    "@type": type.googleapis.com/xds.type.v3.TypedStruct\n    type_url: a/envoy.config.cluster.v3.Cluster\n    value: { nam: c }',
    5,
    /did you mean "name"/,
  ],
  ['name: a\nname: b', 2, /unique/],
  ['name: a\n---\nname: b', 1, /found several/],
  ['# nothing', 1, /empty/],
]
test.each(refused)('refused: %s', (yaml, line, words) => {
  const { value, positions, issues } = readYaml(yaml)
  const found =
    issues.length > 0
      ? issues
      : canonical(value, CLUSTER, types).issues.map((i) => ({ ...i, ...locate(positions, i.path) }))
  expect(found).toHaveLength(1)
  expect(found[0]!.message).toMatch(words)
  expect(found[0]!.line).toBe(line)
})

test('a deprecated field is a warning', () => {
  const { issues } = canonical({ name: 'c', http2_protocol_options: {} }, CLUSTER, types)
  expect(issues.map((i) => [i.path, i.severity])).toEqual([['http2_protocol_options', 'warning']])
})

test('an unknown extension passes only when it is allowed, with a warning', () => {
  const config = { '@type': 'a/xds.type.v3.TypedStruct', type_url: 'a/acme.v1.X', value: { a: 1 } }
  const cluster = { transport_socket: { name: 't', typed_config: config } }
  const read = (allowUnknownExtensions: boolean) => canonical(cluster, CLUSTER, types, { allowUnknownExtensions })
  expect(read(false).issues.map((i) => i.severity ?? 'error')).toEqual(['error'])
  expect(read(true).issues.map((i) => i.severity ?? 'error')).toEqual(['warning'])
})
