// The rules of the v2 upgrade that change the form of a message and not just a name: extensions, TLS, hosts, matchers.
// Like every rule they take anything for a value and never throw; what is not of the old form stays, to be refused.
import { asList, asObject, isObject, type JsonObject } from './json-value.ts'
import { findExtension, perRouteType, type Slot } from './upgrade-v2-extensions.ts'
import { move, type Rule, url } from './upgrade-v2-moves.ts'

export const regex = (text: unknown) => ({ safe_regex: { regex: text } })
export const exactList = (names: unknown) => asList(names).map((exact) => ({ exact }))
const defined = (m: JsonObject): JsonObject => Object.fromEntries(Object.entries(m).filter(([, v]) => v !== undefined))

/** A body with its type; what is no mapping stays as it is, so that the strict walk can refuse it. */
const typed = (type: string, body: unknown): unknown =>
  isObject(body) || body === undefined || body === null ? { '@type': url(type), ...asObject(body) } : body

/** `name` + untyped `config` (or a typed Struct, or nothing) -> today's name + `typed_config`. */
export const extension =
  (slot: Slot): Rule =>
  (m, c) => {
    const known = findExtension(slot, m.name)
    if (known?.type === '') return c.lost('name', `Envoy no longer has "${m.name}"`)
    const typedConfig = asObject(m.typed_config)
    const isStruct = String(typedConfig['@type']).endsWith('/google.protobuf.Struct')
    if (known && m.name !== known.name) {
      c.set('name', m.name, known.name)
      m.name = known.name
    }
    const isBare = known !== undefined && !m.typed_config && !m.config_discovery
    if (!Object.hasOwn(m, 'config') && !isStruct && !isBare) return
    if (!known) return c.lost('config', `the config type of "${m.name}" is not known: write typed_config`)
    m.typed_config = typed(known.type.replace('%s', c.side), isStruct ? typedConfig.value : m.config)
    delete m.config
    c.moved(isStruct ? 'typed_config.value' : 'config', 'typed_config')
  }

export const perRoute: Rule = (m, c) => {
  const out: JsonObject = {}
  for (const [name, body] of Object.entries(asObject(m.typed_per_filter_config))) {
    const today = findExtension('http', name)?.name ?? name
    if (today !== name) c.moved(member('typed_per_filter_config', name), member('typed_per_filter_config', today))
    out[today] = body
  }
  for (const [name, body] of Object.entries(asObject(m.per_filter_config))) {
    const known = findExtension('http', name)
    if (!known?.type) {
      c.lost('per_filter_config', `the config type of "${name}" is not known: write typed_per_filter_config`)
      continue
    }
    out[known.name] = typed(perRouteType(known), body)
    c.moved(member('per_filter_config', name), member('typed_per_filter_config', known.name))
  }
  delete m.per_filter_config
  if (Object.keys(out).length > 0) m.typed_per_filter_config = out
}
/** The path of a filter's entry; its name has dots. */
const member = (map: string, name: string) => `${map}["${name}"]`

export const tlsContext: Rule = (m, c) => {
  if (Object.hasOwn(m, 'tls_context')) c.placed('tls_context', 'transport_socket.typed_config')
  move('tls_context', 'transport_socket', (body) => ({
    name: 'envoy.transport_sockets.tls',
    typed_config: typed(`envoy.extensions.transport_sockets.tls.v3.${c.side}TlsContext`, body),
  }))(m, c)
}

export const clusterHosts: Rule = (m, c) => {
  for (const i of asList(m.hosts).keys()) {
    c.placed(`hosts[${i}]`, `load_assignment.endpoints[0].lb_endpoints[${i}].endpoint.address`)
  }
  move('hosts', 'load_assignment', (list) => ({
    cluster_name: m.name,
    endpoints: [{ lb_endpoints: asList(list).map((address) => ({ endpoint: { address } })) }],
  }))(m, c)
}

/** `value` with a separate `regex: true`, the matcher form of 2018. */
export const valueAndRegex: Rule = (m, c) => {
  const isRegex = m.regex === true || asObject(m.regex).value === true
  if (Object.hasOwn(m, 'regex')) {
    delete m.regex
    if (!Object.hasOwn(m, 'value')) c.lost('regex', 'no value to match')
  }
  move('value', 'string_match', (v) => (isRegex ? regex(v) : { exact: v }))(m, c)
}

export const cors: Rule = (m, c) => {
  const list = [...exactList(m.allow_origin), ...asList(m.allow_origin_regex).map(regex)]
  for (const field of ['allow_origin', 'allow_origin_regex']) {
    if (!Object.hasOwn(m, field)) continue
    delete m[field]
    c.moved(field, 'allow_origin_string_match')
  }
  if (list.length > 0) m.allow_origin_string_match = [...asList(m.allow_origin_string_match), ...list]
  move('enabled', 'filter_enabled', (on) => ({
    default_value: { numerator: (isObject(on) ? on.value : on) ? 100 : 0, denominator: 'HUNDRED' },
  }))(m, c)
}

export const virtualCluster: Rule = (m, c) => {
  const { method } = m
  if (Object.hasOwn(m, 'method')) {
    delete m.method
    c.moved('method', 'headers')
  }
  move('pattern', 'headers', (pattern) => [
    { name: ':path', string_match: regex(pattern) },
    ...(method ? [{ name: ':method', string_match: { exact: method } }] : []),
  ])(m, c)
}

/** The gzip filter is gone; the compressor filter with the gzip library does its work. */
export const gzip: Rule = (m, c) => {
  const config = asObject(m.typed_config)
  if (!/\.gzip\.v[23]\.Gzip$/.test(String(config['@type']))) return
  const {
    '@type': _,
    content_length,
    content_type,
    disable_on_etag_header,
    remove_accept_encoding_header,
    ...library
  } = config
  m.name = 'envoy.filters.http.compressor'
  m.typed_config = {
    '@type': url('envoy.extensions.filters.http.compressor.v3.Compressor'),
    response_direction_config: defined({
      common_config: defined({ min_content_length: content_length, content_type }),
      disable_on_etag_header,
      remove_accept_encoding_header,
    }),
    compressor_library: {
      name: 'gzip',
      typed_config: { '@type': url('envoy.extensions.compression.gzip.compressor.v3.Gzip'), ...library },
    },
  }
  c.set('name', 'envoy.filters.http.gzip', 'envoy.filters.http.compressor')
}

export const tcpRoutes: Rule = (m, c) => {
  if (!Object.hasOwn(m, 'deprecated_v1')) return
  const routes = asList(asObject(m.deprecated_v1).routes)
  delete m.deprecated_v1
  const [only] = routes
  if (only === undefined) return
  if (routes.length === 1 && isObject(only) && Object.keys(only).join() === 'cluster' && !m.cluster) {
    m.cluster = only.cluster
    c.moved('deprecated_v1.routes[0].cluster', 'cluster')
  } else c.lost('deprecated_v1', 'write one filter chain per route, with filter_chain_match')
}

export const grpcClusterNames: Rule = (m, c) => {
  if (!/^(GRPC|2)$/i.test(String(m.api_type))) return
  move('cluster_names', 'grpc_services', (names) =>
    asList(names).map((cluster_name) => ({ envoy_grpc: { cluster_name } })),
  )(m, c)
}

export const idleTimeout: Rule = (m, c) => {
  if (!Object.hasOwn(m, 'idle_timeout')) return
  m.common_http_protocol_options = { idle_timeout: m.idle_timeout, ...asObject(m.common_http_protocol_options) }
  delete m.idle_timeout
  c.moved('idle_timeout', 'common_http_protocol_options.idle_timeout')
}

export const mirrorPolicy: Rule = (m, c) => {
  if (Object.hasOwn(m, 'request_mirror_policy')) c.placed('request_mirror_policy', 'request_mirror_policies[0]')
  move('request_mirror_policy', 'request_mirror_policies', (policy) => [policy])(m, c)
}
