// The bootstrap of an application whose gRPC library asks an edge by itself, as client or server. A pure function of what is
// chosen.
import { type Address, formatAddress } from '@fleetcast/shared/runtime/address'

export interface GrpcBootstrapChoice {
  /** Becomes node.cluster. */
  readonly fleet: string
  readonly nodeId: string
  readonly edge: Address
  readonly edgeCa?: string | undefined
  readonly tlsCert?: string | undefined
  readonly tlsKey?: string | undefined
}

export function grpcBootstrap(choice: GrpcBootstrapChoice): object {
  const { fleet, nodeId, edge } = choice
  return {
    xds_servers: [
      { server_uri: formatAddress(edge), channel_creds: [credentials(choice)], server_features: ['xds_v3'] },
    ],
    // Node's library takes no node without a locality.
    node: { id: nodeId, cluster: fleet, locality: {} },
    server_listener_resource_name_template: 'grpc/server?xds.resource.listening_address=%s',
  }
}

function credentials({ edgeCa, tlsCert, tlsKey }: GrpcBootstrapChoice): object {
  if (edgeCa === undefined && tlsCert === undefined) return { type: 'insecure' }
  const config = {
    ...(edgeCa === undefined ? {} : { ca_certificate_file: edgeCa }),
    ...(tlsCert === undefined || tlsKey === undefined ? {} : { certificate_file: tlsCert, private_key_file: tlsKey }),
    refresh_interval: '600s',
  }
  return { type: 'tls', config }
}
