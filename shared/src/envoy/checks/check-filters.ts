// The order of filters: one that ends the chain stands last, and nothing else does.
import { asList, asObject, join } from '../json-value.ts'
import type { Check } from './check.ts'
import { typeOfConfig } from './check-extensions.ts'

const TERMINAL_NETWORK = new Set(
  [
    'direct_response.v3.Config',
    'dubbo_proxy.v3.DubboProxy',
    'echo.v3.Echo',
    'generic_proxy.v3.GenericProxy',
    'http_connection_manager.v3.HttpConnectionManager',
    'redis_proxy.v3.RedisProxy',
    'reverse_tunnel.v3.DrainAwareHttpConnectionManager',
    'reverse_tunnel.v3.ReverseTunnel',
    'tcp_proxy.v3.TcpProxy',
    'thrift_proxy.v3.ThriftProxy',
  ].map((type) => `envoy.extensions.filters.network.${type}`),
)
/** They answer requests themselves. */
const TERMINAL_HTTP = new Set([
  'envoy.extensions.filters.http.router.v3.Router',
  'envoy.extensions.filters.http.mcp_router.v3.McpRouter',
])
const UPSTREAM_CODEC = 'envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec'
/** They end the chain or not as they are configured, or as code says that nobody here sees. */
const MAY_BE_TERMINAL = new Set([
  ...['dynamic_modules.v3.DynamicModuleFilter', 'file_server.v3.FileServerConfig'].map(
    (type) => `envoy.extensions.filters.http.${type}`,
  ),
  'envoy.extensions.filters.network.dynamic_modules.v3.DynamicModuleNetworkFilter',
])

interface ChainRule {
  readonly field: string
  readonly isTerminal: (type: string) => boolean
  /** What to say of a chain that does not end. */
  readonly wanted: string
}

function checkChain({ field, isTerminal, wanted }: ChainRule): Check {
  return (m, c) => {
    const filters = asList(m[field]).map(asObject)
    const names = new Set<string>()
    for (const [i, filter] of filters.entries()) {
      const at = join(field, i)
      const isLast = i === filters.length - 1
      const type = typeOfFilter(filter)
      const name = String(filter.name)
      if (names.has(name)) c.warn(join(at, 'name'), `a second filter is called "${name}"`)
      names.add(name)
      // A type that is read elsewhere, or that this code can't judge.
      if (type === undefined || MAY_BE_TERMINAL.has(type)) continue
      if (!isLast && isTerminal(type)) c.error(at, `"${name}" ends the chain, so it must be the last filter`)
      if (isLast && !isTerminal(type)) c.error(at, `"${name}" does not end the chain: ${wanted}`)
      else if (isLast && filter.disabled === true)
        c.error(join(at, 'disabled'), `"${name}" ends the chain, so it can not be disabled`)
    }
  }
}

/** The first type of a filter that is discovered. */
function typeOfFilter(filter: { readonly [key: string]: unknown }): string | undefined {
  if (filter.typed_config !== undefined) return typeOfConfig(filter.typed_config)
  const [first] = asList(asObject(filter.config_discovery).type_urls)
  return typeof first === 'string' ? first.slice(first.lastIndexOf('/') + 1) : undefined
}

export const checkNetworkFilters: Check = checkChain({
  field: 'filters',
  isTerminal: (type) => TERMINAL_NETWORK.has(type),
  wanted: 'the last filter must be one like http_connection_manager or tcp_proxy',
})

export const checkHttpFilters: Check = (m, c) => {
  checkChain({
    field: 'http_filters',
    isTerminal: (type) => TERMINAL_HTTP.has(type),
    wanted: 'the last HTTP filter must be the router',
  })(m, c)
  if (asList(m.http_filters).length === 0)
    c.warn('', 'http_filters is empty: without the router no request is answered')
}

export const checkUpstreamFilters: Check = checkChain({
  field: 'http_filters',
  isTerminal: (type) => type === UPSTREAM_CODEC,
  wanted: 'the last upstream HTTP filter must be the upstream codec',
})
