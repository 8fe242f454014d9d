// Bootstraps for a real Envoy under test: how it reaches its management server, and nothing else in it.

/** How Envoy asks: both variants on one stream, a stream a type, REST polling, or files of a folder. */
export type Delivery = 'delta-ads' | 'sotw-ads' | 'delta-types' | 'sotw-types' | 'rest' | 'files'

export interface BootstrapOptions {
  readonly id: string
  readonly cluster: string
  readonly delivery: Delivery
  /** host:port of the gRPC or REST server; the folder for `files`. Several are tried in turn. */
  readonly servers: readonly string[]
}

/** A bootstrap in JSON, which Envoy reads as YAML. The admin address is 127.0.0.1 with a port that Envoy chooses. */
export function envoyBootstrap(options: BootstrapOptions): string {
  const { id, cluster, delivery, servers } = options
  const isAds = delivery.endsWith('-ads')
  const source = isAds ? { ads: {}, resource_api_version: 'V3' } : ownSource(delivery)
  const resources =
    delivery === 'files'
      ? { lds_config: pathSource(servers, 'lds.yaml'), cds_config: pathSource(servers, 'cds.yaml') }
      : { lds_config: source, cds_config: source }
  return JSON.stringify(
    {
      node: { id, cluster },
      admin: { address: socket('127.0.0.1:0') },
      dynamic_resources: {
        ...resources,
        ...(isAds ? { ads_config: apiSource(delivery === 'delta-ads' ? 'DELTA_GRPC' : 'GRPC') } : {}),
      },
      static_resources: { clusters: delivery === 'files' ? [] : [managementCluster(delivery, servers)] },
    },
    undefined,
    1,
  )
}

/** The config source of a type that has a stream of its own. */
export function ownSource(delivery: Delivery): object {
  switch (delivery) {
    case 'delta-types':
      return { api_config_source: apiSource('DELTA_GRPC'), resource_api_version: 'V3' }
    case 'sotw-types':
      return { api_config_source: apiSource('GRPC'), resource_api_version: 'V3' }
    case 'rest':
      return {
        api_config_source: {
          ...{ api_type: 'REST', transport_api_version: 'V3', cluster_names: ['management'] },
          ...{ refresh_delay: '0.2s', request_timeout: '1s' },
        },
        resource_api_version: 'V3',
      }
    default:
      // For files too: what writes them turns these into the files of what they name.
      return { ads: {}, resource_api_version: 'V3' }
  }
}

const apiSource = (apiType: string): object => ({
  api_type: apiType,
  transport_api_version: 'V3',
  // Envoy waits up to 30 s for its next try otherwise.
  grpc_services: [
    {
      envoy_grpc: {
        cluster_name: 'management',
        retry_policy: { retry_back_off: { base_interval: '0.2s', max_interval: '1s' } },
      },
    },
  ],
})

const pathSource = ([folder = '']: readonly string[], file: string): object => ({
  path_config_source: { path: `${folder}/${file}` },
  resource_api_version: 'V3',
})

const socket = (address: string): object => {
  const at = address.lastIndexOf(':')
  return { socket_address: { address: address.slice(0, at), port_value: Number(address.slice(at + 1)) } }
}

const managementCluster = (delivery: Delivery, servers: readonly string[]): object => ({
  name: 'management',
  type: 'STATIC',
  connect_timeout: '1s',
  load_assignment: {
    cluster_name: 'management',
    endpoints: [{ lb_endpoints: servers.map((server) => ({ endpoint: { address: socket(server) } })) }],
  },
  ...(delivery === 'rest'
    ? {}
    : {
        typed_extension_protocol_options: {
          'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
            '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
            explicit_http_config: { http2_protocol_options: {} },
          },
        },
      }),
})
