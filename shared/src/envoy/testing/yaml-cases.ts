// Spellings of configuration that could be taken or not, with what Envoy 1.40 says of each (a test asks a real one) and
// what is said here. Where the two differ it is on purpose, and the reason stands beside it.

export interface YamlCase {
  readonly what: string
  readonly envoy: 'accepts' | 'refuses'
  readonly ours: 'accepts' | 'refuses'
  /** A whole bootstrap. */
  readonly yaml: string
}

type Row = readonly [field: string, envoy: '+' | '-', ours: '+' | '-']

const verdict = (sign: '+' | '-'): YamlCase['envoy'] => (sign === '+' ? 'accepts' : 'refuses')

/** Fields of a cluster, one row a spelling. */
const FIELDS: readonly Row[] = [
  ['type: strict_dns', '+', '+'],
  ['type: Static', '+', '+'],
  ['type: 1', '+', '+'],
  ['type: "1"', '+', '+'],
  ['type: 99', '-', '-'],
  ['type: WRONG', '-', '-'],
  ['type: strict-dns', '-', '-'],
  ['altStatName: a', '+', '+'],
  ['Alt_stat_name: a', '-', '-'],
  ['alt_stat_nam: a', '-', '-'],
  // Which of the two wins is not what is written first: nobody can mean it.
  ['altStatName: a\n    alt_stat_name: b', '+', '-'],
  // The last one would win without a word.
  ['alt_stat_name: a\n    alt_stat_name: b', '+', '-'],
  ['connect_timeout: 0.25s', '+', '+'],
  ['connect_timeout: "1.5s"', '+', '+'],
  ['connect_timeout: 250ms', '-', '-'],
  ['connect_timeout: 1m', '-', '-'],
  ['connect_timeout: 1', '-', '-'],
  ['connect_timeout: .5s', '-', '-'],
  ['connect_timeout: "1 s"', '-', '-'],
  ['connect_timeout: 0.1234567891s', '-', '-'],
  ['connect_timeout: { seconds: 1 }', '+', '+'],
  ['connect_timeout: -1s', '-', '-'],
  ['connect_timeout: *none', '-', '-'],
  ['per_connection_buffer_limit_bytes: "10000"', '+', '+'],
  ['per_connection_buffer_limit_bytes: 10000.0', '+', '+'],
  ['per_connection_buffer_limit_bytes: 1e4', '+', '+'],
  ['per_connection_buffer_limit_bytes: 0x2710', '+', '+'],
  // Octal to Envoy (YAML 1.1), decimal to YAML 1.2: a difference that nobody would see.
  ['per_connection_buffer_limit_bytes: 010000', '+', '-'],
  ['per_connection_buffer_limit_bytes: 1.5', '-', '-'],
  ['per_connection_buffer_limit_bytes: -1', '-', '-'],
  ['per_connection_buffer_limit_bytes: 4294967296', '-', '-'],
  ['per_connection_buffer_limit_bytes: true', '-', '-'],
  ['per_connection_buffer_limit_bytes: " 1"', '-', '-'],
  ['per_connection_buffer_limit_bytes: 10_000', '-', '-'],
  ['per_connection_buffer_limit_bytes: { value: 32768 }', '+', '+'],
  ['alt_stat_name: 123', '-', '-'],
  ['alt_stat_name: true', '-', '-'],
  ['alt_stat_name: 1.0', '+', '+'],
  ['alt_stat_name: 1.10', '+', '+'],
  // A boolean to Envoy's reader of YAML, a text to ours; what is sent is protobuf and not YAML.
  ['alt_stat_name: yes', '-', '+'],
  ['alt_stat_name: y', '-', '+'],
  ['ignore_health_on_host_removal: yes', '+', '+'],
  ['ignore_health_on_host_removal: on', '+', '+'],
  ['ignore_health_on_host_removal: y', '+', '+'],
  ['ignore_health_on_host_removal: True', '+', '+'],
  ['ignore_health_on_host_removal: "true"', '+', '+'],
  ['ignore_health_on_host_removal: 1', '-', '-'],
  ['alt_stat_name: ~', '+', '+'],
  ['outlier_detection: ~', '+', '+'],
  ['health_checks: ~', '+', '+'],
  ['health_checks: [~]', '-', '-'],
  [
    'health_checks: { timeout: 1s, interval: 1s, unhealthy_threshold: 1, healthy_threshold: 1, tcp_health_check: {} }',
    '+',
    '+',
  ],
  ['outlier_detection: []', '-', '-'],
  ['outlier_detection: a', '-', '-'],
  ['type: EDS\n    cluster_type: { name: a }', '-', '-'],
  ['transport_socket: { name: t, typed_config: {} }', '-', '-'],
  [
    'transport_socket: { name: t, typed_config: { "@type": envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer } }',
    '-',
    '-',
  ],
  [
    'transport_socket: { name: t, typed_config: { "@type": a.example/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer } }',
    '+',
    '+',
  ],
  ['transport_socket: { name: t, typed_config: { "@type": type.googleapis.com/acme.X } }', '-', '-'],
  // Upgraded here.
  [
    'transport_socket: { name: t, typed_config: { "@type": type.googleapis.com/envoy.api.v2.auth.UpstreamTlsContext } }',
    '-',
    '+',
  ],
  ['tls_context: {}', '-', '+'],
  ['hosts: [ { socket_address: { address: 127.0.0.1, port_value: 1 } } ]', '-', '+'],
  ['outlier_detection: &a { consecutive_5xx: 1 }\n    metadata: { filter_metadata: { x: *a } }', '+', '+'],
  // A convenience of YAML 1.1 that is kept.
  ['common_lb_config: { <<: { ignore_new_hosts_until_first_hc: true } }', '-', '+'],
  ['alt_stat_name: !!str 123', '-', '+'],
  ['alt_stat_name: !custom a', '+', '-'],
  ['http2_protocol_options: {}', '+', '+'],
]

const HEAD = 'static_resources:\n  clusters:\n  - name: c\n'

export const YAML_CASES: readonly YamlCase[] = [
  ...FIELDS.map(
    ([field, envoy, ours]): YamlCase => ({
      what: field.replaceAll(/\n\s*/g, ' | '),
      envoy: verdict(envoy),
      ours: verdict(ours),
      yaml: `${HEAD}    ${field}\n`,
    }),
  ),
  { what: 'a key of nobody at the top', envoy: 'refuses', ours: 'refuses', yaml: `x-anchors: {}\n${HEAD}` },
  { what: 'a tab for an indent', envoy: 'refuses', ours: 'refuses', yaml: 'static_resources:\n\tclusters: []\n' },
  // Only the first is read by Envoy.
  { what: 'several documents', envoy: 'accepts', ours: 'refuses', yaml: `${HEAD}---\n{}\n` },
]
