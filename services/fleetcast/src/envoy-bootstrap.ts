// The bootstrap of an Envoy that gets its listeners and clusters from an edge. A pure function of what is chosen.
import { isIP } from 'node:net'
import type { Address } from '@fleetcast/shared/runtime/address'

export interface BootstrapChoice {
  /** Becomes node.cluster. */
  readonly fleet: string
  readonly nodeId: string
  readonly edge: Address
  /** `delta` and `sotw` are the variants of the aggregated stream; `rest` asks every 500 ms or less often. */
  readonly protocol: 'delta' | 'sotw' | 'rest' | 'files'
  /** Where `fleetcast files` writes, for `files`. */
  readonly outputDir?: string | undefined
  readonly envoyAdmin: Address
  readonly edgeCa?: string | undefined
  readonly tlsCert?: string | undefined
  readonly tlsKey?: string | undefined
}

const EDGE_CLUSTER = 'fleetcast'

export function envoyBootstrap(choice: BootstrapChoice): object {
  return {
    node: { id: choice.nodeId, cluster: choice.fleet },
    admin: { address: socketAddress(choice.envoyAdmin) },
    ...(choice.protocol === 'files'
      ? { dynamic_resources: fromFiles(choice.outputDir ?? '.') }
      : {
          dynamic_resources: dynamicResources(choice.protocol),
          static_resources: { clusters: [edgeCluster(choice)] },
        }),
  }
}

function fromFiles(folder: string): object {
  const source = (file: string): object => ({
    resource_api_version: 'V3',
    path_config_source: { path: `${folder}/${file}` },
  })
  return { lds_config: source('lds.yaml'), cds_config: source('cds.yaml') }
}

function dynamicResources(protocol: 'delta' | 'sotw' | 'rest'): object {
  if (protocol === 'rest') {
    const source = {
      resource_api_version: 'V3',
      api_config_source: {
        api_type: 'REST',
        transport_api_version: 'V3',
        cluster_names: [EDGE_CLUSTER],
        refresh_delay: '0.5s',
        request_timeout: '30s',
      },
    }
    return { lds_config: source, cds_config: source }
  }
  const ads = { resource_api_version: 'V3', ads: {} }
  return {
    ads_config: {
      api_type: protocol === 'delta' ? 'DELTA_GRPC' : 'GRPC',
      transport_api_version: 'V3',
      set_node_on_first_message_only: true,
      grpc_services: [{ envoy_grpc: { cluster_name: EDGE_CLUSTER } }],
    },
    lds_config: ads,
    cds_config: ads,
  }
}

/** Keepalive finds a dead edge in 40 s at most; without it a silent partition would go unnoticed. */
function edgeCluster(choice: BootstrapChoice): object {
  const http2 = { connection_keepalive: { interval: '30s', timeout: '10s' } }
  const http = choice.protocol === 'rest' ? { http_protocol_options: {} } : { http2_protocol_options: http2 }
  return {
    name: EDGE_CLUSTER,
    type: isIP(choice.edge.host) ? 'STATIC' : 'STRICT_DNS',
    connect_timeout: '1s',
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: http,
      },
    },
    load_assignment: {
      cluster_name: EDGE_CLUSTER,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(choice.edge) } }] }],
    },
    ...transportSocket(choice),
  }
}

function transportSocket({ edge, edgeCa, tlsCert, tlsKey }: BootstrapChoice): object {
  if (edgeCa === undefined && tlsCert === undefined) return {}
  const isName = isIP(edge.host) === 0
  const common = {
    ...(tlsCert === undefined
      ? {}
      : { tls_certificates: [{ certificate_chain: { filename: tlsCert }, private_key: { filename: tlsKey } }] }),
    ...(edgeCa === undefined
      ? {}
      : {
          validation_context: {
            trusted_ca: { filename: edgeCa },
            match_typed_subject_alt_names: [{ san_type: isName ? 'DNS' : 'IP_ADDRESS', matcher: { exact: edge.host } }],
          },
        }),
  }
  return {
    transport_socket: {
      name: 'envoy.transport_sockets.tls',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
        ...(isName ? { sni: edge.host } : {}),
        common_tls_context: { alpn_protocols: ['h2'], ...common },
      },
    },
  }
}

const socketAddress = ({ host, port }: Address): object => ({ socket_address: { address: host, port_value: port } })
