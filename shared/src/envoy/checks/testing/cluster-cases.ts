// Clusters and their TLS, good, doubtful and broken.
import { any, assignment, cluster, pair, pem, type Row, rows, tls } from './case.ts'
import { CERTIFICATE, KEY, OTHER_KEY } from './certificates.ts'

const FILE_EDS = 'eds_cluster_config: { eds_config: { path_config_source: { path: /dev/null } } }'
const upstream = (filters: string) =>
  `typed_extension_protocol_options: { envoy.extensions.upstreams.http.v3.HttpProtocolOptions: ${any(
    'upstreams.http.v3.HttpProtocolOptions',
    `explicit_http_config: { http_protocol_options: {} }, http_filters: [ ${filters} ]`,
  )} }`
const CODEC = `{ name: codec, typed_config: ${any('filters.http.upstream_codec.v3.UpstreamCodec')} }`
const MUTATION = `{ name: mutation, typed_config: ${any('filters.http.header_mutation.v3.HeaderMutation', 'mutations: {}')} }`

const CLUSTERS: readonly Row[] = [
  ['a static cluster', '+', '+', assignment('127.0.0.1')],
  ['a static cluster with an IPv6 address', '+', '+', assignment('"::1"')],
  ['STATIC with a host name', '-', '-', assignment('localhost'), /no IP address/],
  ['STATIC without endpoints', '+', '+', 'type: STATIC'],
  ['STRICT_DNS with a host name', '+', '+', `type: STRICT_DNS, ${assignment('localhost')}`],
  ['STRICT_DNS without endpoints', '+', 'w', 'type: STRICT_DNS', /takes no traffic/],
  ['LOGICAL_DNS with one endpoint', '+', '+', `type: LOGICAL_DNS, ${assignment('localhost')}`],
  ['LOGICAL_DNS with two endpoints', '-', '-', `type: LOGICAL_DNS, ${assignment('a', 'b')}`, /exactly one/],
  ['LOGICAL_DNS without endpoints', '-', '-', 'type: LOGICAL_DNS', /exactly one/],
  ['EDS without a source', '-', '-', 'type: EDS', /needs eds_cluster_config/],
  ['EDS with an empty eds_cluster_config', '-', '-', 'type: EDS, eds_cluster_config: {}', /eds_config/],
  ['an EDS source in a static cluster', '-', '-', `type: STATIC, ${FILE_EDS}`, /takes no EDS config/],
  ['ORIGINAL_DST', '+', '+', 'type: ORIGINAL_DST, lb_policy: CLUSTER_PROVIDED'],
  ['ORIGINAL_DST with ROUND_ROBIN', '-', '-', 'type: ORIGINAL_DST', /CLUSTER_PROVIDED/],
  [
    'ORIGINAL_DST with endpoints',
    '-',
    '-',
    `type: ORIGINAL_DST, lb_policy: CLUSTER_PROVIDED, ${assignment('127.0.0.1')}`,
    /no endpoints/,
  ],
  ['CLUSTER_PROVIDED without a provider', '-', '-', 'type: STATIC, lb_policy: CLUSTER_PROVIDED', /no load balancer/],
  [
    'ring sizes that cross',
    '-',
    '-',
    'lb_policy: RING_HASH, ring_hash_lb_config: { minimum_ring_size: 2048, maximum_ring_size: 1024 }',
    /above maximum/,
  ],
  [
    'a maximum below the default minimum',
    '-',
    '-',
    'lb_policy: RING_HASH, ring_hash_lb_config: { maximum_ring_size: 512 }',
    /above maximum/,
  ],
  [
    'a repeated circuit breaker priority',
    '+',
    'w',
    'circuit_breakers: { thresholds: [ { max_retries: 1 }, { priority: DEFAULT, max_retries: 2 } ] }',
    /has thresholds already/,
  ],
  [
    'an endpoint without an address',
    '-',
    '-',
    'load_assignment: { cluster_name: c, endpoints: [ { lb_endpoints: [ { endpoint: { hostname: h } } ] } ] }',
    /no address/,
  ],
  [
    'priority 1 without 0',
    '+',
    'w',
    'load_assignment: { cluster_name: c, endpoints: [ { priority: 1, lb_endpoints: [] } ] }',
    /no locality has priority 0/,
  ],
  [
    'an endpoint without an address where names are resolved',
    '+',
    'w',
    'type: STRICT_DNS, load_assignment: { cluster_name: c, endpoints: [ { lb_endpoints: [ { endpoint: { hostname: h } } ] } ] }',
    /no address/,
  ],
  ['a table that is no prime', '-', '-', 'lb_policy: MAGLEV, maglev_lb_config: { table_size: 100 }', /no prime/],
  ['a table that is a prime', '+', '+', 'lb_policy: MAGLEV, maglev_lb_config: { table_size: 65537 }'],
  [
    'subsets of what the cluster provides',
    '-',
    '-',
    'type: ORIGINAL_DST, lb_policy: CLUSTER_PROVIDED, lb_subset_config: { subset_selectors: [ { keys: [a] } ] }',
    /subsets need/,
  ],
  ['upstream TLS', '+', '+', tls('Upstream')],
  [
    'downstream TLS in a cluster',
    '-',
    '-',
    tls('Downstream', pair(CERTIFICATE, KEY)),
    /is no upstream transport socket/,
  ],
  ['a transport socket without its type', '-', '-', 'transport_socket: { name: acme }', /needs a typed_config/],
  [
    'names without a trusted authority',
    '-',
    '-',
    tls(
      'Upstream',
      'common_tls_context: { validation_context: { match_typed_subject_alt_names: [ { san_type: DNS, matcher: { exact: a } } ] } }',
    ),
    /trusted_ca/,
  ],
  [
    'names with an authority from elsewhere',
    '+',
    '+',
    tls(
      'Upstream',
      'common_tls_context: { combined_validation_context: { default_validation_context: { match_typed_subject_alt_names: [ { san_type: DNS, matcher: { exact: a } } ] }, validation_context_sds_secret_config: { name: ca, sds_config: { path_config_source: { path: /dev/null } } } } }',
    ),
  ],
  [
    'names with an authority',
    '+',
    '+',
    tls(
      'Upstream',
      `common_tls_context: { validation_context: { trusted_ca: ${pem(CERTIFICATE)}, match_typed_subject_alt_names: [ { san_type: DNS, matcher: { exact: a } } ] } }`,
    ),
  ],
  [
    'an unreadable authority',
    '-',
    '-',
    tls('Upstream', `common_tls_context: { validation_context: { trusted_ca: ${pem('x')} } }`),
    /can not be read/,
  ],
  [
    'TLS versions that cross',
    '+',
    'w',
    tls(
      'Upstream',
      'common_tls_context: { tls_params: { tls_minimum_protocol_version: TLSv1_3, tls_maximum_protocol_version: TLSv1_2 } }',
    ),
    /above the maximum/,
  ],
  ['a client certificate', '+', '+', tls('Upstream', pair(CERTIFICATE, KEY))],
  ['a certificate without its key', '-', '-', tls('Upstream', pair(CERTIFICATE, undefined)), /no private_key/],
  ['a key without its certificate', '-', '-', tls('Upstream', pair(undefined, KEY)), /no certificate_chain/],
  ["another certificate's key", '-', '-', tls('Upstream', pair(CERTIFICATE, OTHER_KEY)), /does not belong/],
  ['an unreadable certificate', '-', '-', tls('Upstream', pair('x', KEY)), /can not be read/],
  ['an unreadable key', '-', '-', tls('Upstream', pair(CERTIFICATE, 'x')), /can not be read/],
  ['upstream filters that end with the codec', '+', '+', upstream(`${MUTATION}, ${CODEC}`)],
  ['upstream filters without the codec', '-', '-', upstream(MUTATION), /upstream codec/],
  ['upstream filters after the codec', '-', '-', upstream(`${CODEC}, ${MUTATION}`), /must be the last/],
  [
    'a router among the upstream filters',
    '-',
    '-',
    upstream(`{ name: r, typed_config: ${any('filters.http.router.v3.Router')} }, ${CODEC}`),
    /is no upstream HTTP filter/,
  ],
  [
    'a cluster type that is none',
    '-',
    '-',
    `cluster_type: { name: x, typed_config: ${any('filters.http.router.v3.Router')} }`,
    /is no cluster type/,
  ],
]

export const CLUSTER_CASES = rows(CLUSTERS, cluster)
