// What a case of the checks is, and the pieces of YAML that cases are made of.

export interface CheckCase {
  readonly what: string
  /** Whether Envoy loads it as a part of its bootstrap. */
  readonly envoy: 'accepts' | 'refuses'
  readonly ours: 'silent' | 'warning' | 'error'
  /** A map of lists, in YAML. */
  readonly yaml: string
  /** In one of the messages. */
  readonly words?: RegExp
}

export type Row = readonly [what: string, envoy: '+' | '-', ours: '+' | '-' | 'w', body: string, words?: RegExp]

const OURS = { '+': 'silent', '-': 'error', w: 'warning' } as const

export const rows = (list: readonly Row[], wrap: (body: string) => string): CheckCase[] =>
  list.map(([what, envoy, ours, body, words]) => ({
    what,
    envoy: envoy === '+' ? 'accepts' : 'refuses',
    ours: OURS[ours],
    yaml: wrap(body),
    ...(words ? { words } : {}),
  }))

const EXT = 'type.googleapis.com/envoy.extensions'
export const any = (type: string, body = '') => `{ "@type": "${EXT}.${type}"${body && `, ${body}`} }`
export const struct = (type: string, body = '') =>
  `{ "@type": type.googleapis.com/xds.type.v3.TypedStruct, type_url: "${EXT}.${type}", value: { ${body} } }`

export const cluster = (body: string) => `clusters: [ { name: c, ${body} } ]`
export const endpoint = (address: string) =>
  `{ endpoint: { address: { socket_address: { address: ${address}, port_value: 80 } } } }`
export const assignment = (...addresses: string[]) =>
  `load_assignment: { cluster_name: c, endpoints: [ { lb_endpoints: [ ${addresses.map(endpoint).join(', ')} ] } ] }`
export const tls = (side: string, body = '') =>
  `transport_socket: { name: t, typed_config: ${any(`transport_sockets.tls.v3.${side}TlsContext`, body)} }`
export const pem = (text: string) => `{ inline_string: ${JSON.stringify(text)} }`
export const pair = (certificate: string | undefined, key: string | undefined) =>
  `common_tls_context: { tls_certificates: [ { ${[
    certificate && `certificate_chain: ${pem(certificate)}`,
    key && `private_key: ${pem(key)}`,
  ]
    .filter(Boolean)
    .join(', ')} } ] }`

export const ADDRESS = 'address: { socket_address: { address: 127.0.0.1, port_value: 10000 } }'
export const listener = (body: string) => `listeners: [ { name: l, ${body} } ]\n${cluster(assignment('127.0.0.1'))}`
export const filter = (config: string, name = 'f') => `{ name: ${name}, typed_config: ${config} }`
export const ECHO = filter(any('filters.network.echo.v3.Echo'), 'echo')
export const TCP = (body = 'cluster: c') =>
  filter(any('filters.network.tcp_proxy.v3.TcpProxy', `stat_prefix: s, ${body}`), 'tcp')
export const SNI = filter(any('filters.network.sni_cluster.v3.SniCluster'), 'sni')
export const chains = (...list: string[]) => `${ADDRESS}, filter_chains: [ ${list.join(', ')} ]`
export const chain = (...filters: string[]) => `{ filters: [ ${filters.join(', ')} ] }`
export const matching = (match: string) => `{ filter_chain_match: { ${match} }, filters: [ ${ECHO} ] }`
