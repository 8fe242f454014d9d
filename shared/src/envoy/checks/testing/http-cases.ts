// Listeners, connection managers and route tables, good, doubtful and broken.
import {
  ADDRESS,
  any,
  chain,
  chains,
  ECHO,
  filter,
  listener,
  matching,
  pair,
  type Row,
  rows,
  SNI,
  struct,
  TCP,
  tls,
} from './case.ts'
import { CERTIFICATE, KEY } from './certificates.ts'

const LISTENERS: readonly Row[] = [
  ['an echo', '+', '+', chains(chain(ECHO))],
  ['a filter before the last', '+', '+', chains(chain(SNI, TCP()))],
  ['no address', '-', '-', `filter_chains: [ ${chain(ECHO)} ]`, /needs an address/],
  [
    'an address that is a name',
    '-',
    '-',
    `address: { socket_address: { address: localhost, port_value: 1 } }, filter_chains: [ ${chain(ECHO)} ]`,
    /resolves no names/,
  ],
  ['no chains', '-', '-', ADDRESS, /needs filter_chains/],
  ['only a default chain', '+', '+', `${ADDRESS}, default_filter_chain: ${chain(ECHO)}`],
  ['a terminal filter that is not last', '-', '-', chains(chain(ECHO, TCP())), /must be the last/],
  ['a last filter that is not terminal', '-', '-', chains(chain(SNI)), /does not end the chain/],
  [
    'an HTTP filter among the network filters',
    '-',
    '-',
    chains(chain(filter(any('filters.http.router.v3.Router')))),
    /is no network filter/,
  ],
  ['a filter without its type', '-', '-', chains(chain('{ name: acme }')), /needs a typed_config/],
  [
    'chains that ask for the same',
    '-',
    '-',
    chains(matching('server_names: [a, b]'), matching('server_names: [b, a]')),
    /is that of filter_chains\[0\]/,
  ],
  [
    'chains that ask for different names',
    '+',
    '+',
    chains(matching('server_names: [a]'), matching('server_names: [b]')),
  ],
  ['chains that all ask for nothing', '-', '-', chains(chain(ECHO), chain(ECHO)), /is that of/],
  [
    'a network filter as listener filter',
    '-',
    '-',
    `${chains(chain(ECHO))}, listener_filters: [ ${ECHO} ]`,
    /is no listener filter/,
  ],
  ['downstream TLS', '+', '+', chains(`{ filters: [ ${ECHO} ], ${tls('Downstream', pair(CERTIFICATE, KEY))} }`)],
  [
    'upstream TLS in a listener',
    '-',
    '-',
    chains(`{ filters: [ ${ECHO} ], ${tls('Upstream')} }`),
    /is no downstream transport socket/,
  ],
  [
    'TLS without a certificate',
    '-',
    '-',
    chains(`{ filters: [ ${ECHO} ], ${tls('Downstream', 'common_tls_context: {}')} }`),
    /needs a certificate/,
  ],
  ['tcp weights', '+', '+', chains(chain(TCP('weighted_clusters: { clusters: [ { name: c, weight: 1 } ] }')))],
  [
    'UDP',
    '+',
    '+',
    `address: { socket_address: { protocol: UDP, address: 127.0.0.1, port_value: 10000 } }, udp_listener_config: {}, listener_filters: [ { name: u, typed_config: ${any('filters.udp.dns_filter.v3.DnsFilterConfig', 'stat_prefix: s')} } ]`,
  ],
]

const ROUTER = filter(any('filters.http.router.v3.Router'), 'router')
const BUFFER = filter(any('filters.http.buffer.v3.Buffer', 'max_request_bytes: 1'), 'buffer')
const MCP = filter(any('filters.http.mcp_router.v3.McpRouter'), 'mcp')
const manager = (body: string) =>
  listener(
    chains(
      chain(filter(any('filters.network.http_connection_manager.v3.HttpConnectionManager', `stat_prefix: s, ${body}`))),
    ),
  )
const ROUTES =
  'route_config: { virtual_hosts: [ { name: v, domains: ["*"], routes: [ { match: { prefix: / }, route: { cluster: c } } ] } ] }'

const MANAGERS: readonly Row[] = [
  ['the router alone', '+', '+', `${ROUTES}, http_filters: [ ${ROUTER} ]`],
  ['the router last', '+', '+', `${ROUTES}, http_filters: [ ${BUFFER}, ${ROUTER} ]`],
  ['the router not last', '-', '-', `${ROUTES}, http_filters: [ ${ROUTER}, ${BUFFER} ]`, /must be the last/],
  ['no router', '-', '-', `${ROUTES}, http_filters: [ ${BUFFER} ]`, /must be the router/],
  [
    'a router that is disabled',
    '-',
    '-',
    `${ROUTES}, http_filters: [ { name: r, disabled: true, typed_config: ${any('filters.http.router.v3.Router')} } ]`,
    /can not be disabled/,
  ],
  ['the router of another protocol', '+', '+', `${ROUTES}, http_filters: [ ${MCP} ]`],
  [
    'the router of another protocol not last',
    '-',
    '-',
    `${ROUTES}, http_filters: [ ${MCP}, ${ROUTER} ]`,
    /must be the last/,
  ],
  ['no filter at all', '+', 'w', ROUTES, /without the router/],
  [
    'a network filter among the HTTP filters',
    '-',
    '-',
    `${ROUTES}, http_filters: [ ${TCP()}, ${ROUTER} ]`,
    /is no HTTP filter/,
  ],
  [
    'a filter without its type',
    '-',
    '-',
    `${ROUTES}, http_filters: [ { name: acme }, ${ROUTER} ]`,
    /needs a typed_config/,
  ],
  [
    'two filters of one name',
    '+',
    'w',
    `${ROUTES}, http_filters: [ ${BUFFER}, ${BUFFER}, ${ROUTER} ]`,
    /second filter/,
  ],
  [
    'a router in a TypedStruct',
    '+',
    '+',
    `${ROUTES}, http_filters: [ ${filter(struct('filters.http.router.v3.Router'))} ]`,
  ],
  [
    'a broken router in a TypedStruct',
    '-',
    '-',
    `${ROUTES}, http_filters: [ ${filter(struct('filters.http.router.v3.Router', 'dynamic_stat: 1'))} ]`,
    /no field "dynamic_stat"/,
  ],
  [
    'a TypedStruct in the wrong slot',
    '-',
    '-',
    `${ROUTES}, http_filters: [ ${filter(struct('filters.network.echo.v3.Echo'))}, ${ROUTER} ]`,
    /is no HTTP filter/,
  ],
  [
    'a rule inside a TypedStruct',
    '-',
    '-',
    `${ROUTES}, http_filters: [ ${filter(struct('filters.http.buffer.v3.Buffer'))}, ${ROUTER} ]`,
    /must be set/,
  ],
  [
    'an access log that is none',
    '-',
    '-',
    `${ROUTES}, http_filters: [ ${ROUTER} ], access_log: [ ${filter(any('filters.http.router.v3.Router'))} ]`,
    /is no access logger/,
  ],
  [
    'an access log',
    '+',
    '+',
    `${ROUTES}, http_filters: [ ${ROUTER} ], access_log: [ ${filter(any('access_loggers.stream.v3.StdoutAccessLog'))} ]`,
  ],
]

const routeTable = (body: string) => manager(`route_config: { ${body} }, http_filters: [ ${BUFFER}, ${ROUTER} ]`)
const route = (action: string, match = 'prefix: /', more = '') =>
  `virtual_hosts: [ { name: v, domains: ["*"], routes: [ { match: { ${match} }, ${action}${more && `, ${more}`} } ] } ]`
const to = (more: string) => route(`route: { cluster: c, ${more} }`)
const weights = (clusters: string, more = '') =>
  route(`route: { weighted_clusters: { clusters: [ ${clusters} ]${more && `, ${more}`} } }`)
const hosts = (...domains: string[]) =>
  `virtual_hosts: [ ${domains.map((d, i) => `{ name: v${i}, domains: [${d}] }`).join(', ')} ]`
const safeRegex = (text: string) => route('route: { cluster: c }', `safe_regex: { regex: ${JSON.stringify(text)} }`)
const perRoute = (config: string) =>
  route('route: { cluster: c }', 'prefix: /', `typed_per_filter_config: { buffer: ${config} }`)
const header = (key: string) =>
  route('route: { cluster: c }', 'prefix: /', `request_headers_to_add: [ { header: { key: "${key}", value: a } } ]`)

const ROUTE_TABLES: readonly Row[] = [
  ['domains', '+', '+', hosts('a', '"*.a"', '"a.*"', '"*"', '"a:80"')],
  ['a domain twice', '-', '-', hosts('a.example', 'A.Example'), /is given already/],
  [
    'a virtual host name twice',
    '+',
    'w',
    'virtual_hosts: [ { name: v, domains: [a] }, { name: v, domains: [b] } ]',
    /second virtual host/,
  ],
  ['a star in the middle', '+', 'w', hosts('a.*.b'), /never matches/],
  ['a domain with a path', '+', 'w', hosts('a/b'), /never matches/],
  ['weights', '+', '+', weights('{ name: c, weight: 1 }, { name: c, weight: 0 }')],
  ['weights that sum to 0', '-', '-', weights('{ name: c, weight: 0 }'), /sum to 0/],
  ['a weighted cluster without a weight', '-', '-', weights('{ name: c }, { name: c, weight: 1 }'), /needs a weight/],
  ['a weighted cluster without a name', '-', '-', weights('{ weight: 1 }'), /needs a name/],
  [
    'a weighted cluster with a name and a header',
    '-',
    '-',
    weights('{ name: c, cluster_header: h, weight: 1 }'),
    /only one/,
  ],
  ['a wrong total_weight', '+', 'w', weights('{ name: c, weight: 1 }', 'total_weight: 2'), /sum to 1/],
  [
    'two rewrites',
    '-',
    '-',
    to('prefix_rewrite: /a, regex_rewrite: { pattern: { regex: a }, substitution: b }'),
    /only one of prefix_rewrite/,
  ],
  ['a regular expression', '+', '+', safeRegex('/(?P<id>[[:alnum:]]+)/\\d{1,5}(?i:x)\\z')],
  ['an unclosed group', '-', '-', safeRegex('/(a'), /regular expression is wrong/],
  ['look-ahead', '-', '-', safeRegex('/(?!a)'), /look-around/],
  ['a back-reference', '-', '-', safeRegex('/(a)\\1'), /back-references/],
  ['an escape that RE2 has not', '-', '-', safeRegex('/a\\Z'), /no escape/],
  ['too many repetitions', '-', '-', safeRegex('/a{1001}'), /1000/],
  ['quoted text', '+', '+', safeRegex('/\\Q(?=\\E')],
  ['an escaped bracket', '+', '+', safeRegex('/\\(?=a')],
  ['a header', '+', '+', header('x-a')],
  ['a pseudo-header', '-', '-', header(':path'), /may not be changed/],
  ['the host header', '-', '-', header('Host'), /may not be changed/],
  [
    'removing the host',
    '-',
    '-',
    route('route: { cluster: c }', 'prefix: /', 'request_headers_to_remove: [host]'),
    /may not be removed/,
  ],
  ['per-route configuration', '+', '+', perRoute(any('filters.http.buffer.v3.BufferPerRoute', 'disabled: true'))],
  [
    "the whole filter's configuration on a route",
    '-',
    '-',
    perRoute(any('filters.http.buffer.v3.Buffer', 'max_request_bytes: 1')),
    /BufferPerRoute expected/,
  ],
  [
    'a network filter on a route',
    '-',
    '-',
    perRoute(any('filters.network.echo.v3.Echo')),
    /is no per-route configuration/,
  ],
]

export const LISTENER_CASES = rows(LISTENERS, listener)
export const MANAGER_CASES = rows(MANAGERS, manager)
export const ROUTE_CASES = rows(ROUTE_TABLES, routeTable)
