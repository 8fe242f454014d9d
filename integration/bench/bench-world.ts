// The world of the control contract (xdsload/README.md) as Kubernetes objects: what a user would have to write to get exactly
// the clusters, assignments, listener and route configuration that the contract asks for. Pure.

/** The contract's names have no room for a namespace and a port: `bench-7` is port `b` of Service `7` in namespace `nch`. */
export const NAMESPACE = 'nch'
const PORT = 'b'
export const NODE_CLUSTER = 'bench'

/** A manifest as an API server would hand it out. */
export interface RawManifest {
  readonly kind: 'Service' | 'EndpointSlice' | 'ConfigMap'
  readonly metadata: { readonly name: string; readonly [field: string]: unknown }
  readonly [field: string]: unknown
}

export interface BenchSize {
  readonly clusters: number
  readonly endpoints: number
}

/** Everything after a reset. */
export function resetWorld(size: BenchSize): RawManifest[] {
  const indexes = Array.from({ length: size.clusters }, (_, index) => index)
  return [
    ...indexes.flatMap((index) => [service(`${index}`), slice(`${index}`, addressesOf(index, size.endpoints))]),
    fleet(),
    routes(size.clusters, undefined),
  ]
}

export interface BenchChange {
  readonly kind: string
  readonly seq: number
  readonly index: number
}

/** False where the contract does not know it. */
export const isChangeOf = (size: BenchSize, { kind, index }: BenchChange): boolean =>
  kind === 'endpoint'
    ? Number.isInteger(index) && index >= 0 && index < size.clusters
    : kind === 'cluster' || kind === 'route'

/** What a change that `isChangeOf` knows writes. */
export function changeWorld(size: BenchSize, { kind, seq, index }: BenchChange): RawManifest[] {
  switch (kind) {
    case 'cluster':
      return [service(`new-${seq}`), slice(`new-${seq}`, [markerOf(seq)])]
    case 'route':
      return [routes(size.clusters, seq)]
    default:
      return [slice(`${index}`, [...addressesOf(index, size.endpoints), markerOf(seq)])]
  }
}

/** The cluster of the Service `index`. */
export const nameOf = (index: number): string => `${PORT}e${NAMESPACE}-${index}`

const addressesOf = (index: number, endpoints: number): string[] =>
  Array.from({ length: endpoints }, (_, e) => `10.${(index >> 8) & 255}.${index & 255}.${e + 1}`)

/** The endpoint by which a change is known. */
const markerOf = (seq: number): string => `10.250.${(seq >> 8) & 255}.${seq & 255}`

const metadata = (name: string, labels: Readonly<Record<string, string>> = {}) => ({
  name,
  namespace: NAMESPACE,
  labels,
})

const service = (name: string): RawManifest => ({
  kind: 'Service',
  metadata: metadata(name, { bench: 'true' }),
  spec: {
    clusterIP: 'None',
    selector: { app: name },
    ports: [{ name: PORT, port: 8080, targetPort: 8080, protocol: 'TCP' }],
  },
})

const slice = (name: string, addresses: readonly string[]): RawManifest => ({
  kind: 'EndpointSlice',
  metadata: metadata(name, { 'kubernetes.io/service-name': name }),
  addressType: 'IPv4',
  ports: [{ name: PORT, port: 8080, protocol: 'TCP' }],
  endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
})

const FLEET = { 'fleetcast.dev/fleet': NODE_CLUSTER }

const ADS = { ads: {}, resource_api_version: 'V3' }

/** JSON is YAML too. Routes stand in a ConfigMap of their own, so that a change of them does not parse the rest again. */
const fleet = (): RawManifest => ({
  kind: 'ConfigMap',
  metadata: metadata('fleet', FLEET),
  data: {
    'fleet.yaml': JSON.stringify({
      services: { selector: 'bench=true' },
      naming: '{portName}e{namespace}-{service}',
      clusters: { base: { connect_timeout: '5s' } },
      endpoints: { locality: 'none' },
    }),
    'listeners.yaml': JSON.stringify([LISTENER]),
  },
})

const LISTENER = {
  name: 'bench-listener',
  address: { socket_address: { address: '127.0.0.1', port_value: 10_000 } },
  filter_chains: [
    {
      filters: [
        {
          name: 'envoy.filters.network.http_connection_manager',
          typed_config: {
            '@type':
              'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
            stat_prefix: 'bench',
            rds: { route_config_name: 'bench-route', config_source: ADS },
            http_filters: [
              {
                name: 'envoy.filters.http.router',
                typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
              },
            ],
          },
        },
      ],
    },
  ],
}

/** A route to every cluster; a change adds a virtual host, replacing the earlier one. */
function routes(clusters: number, seq: number | undefined): RawManifest {
  const to = (prefix: string, cluster: string) => ({ match: { prefix }, route: { cluster } })
  const all = Array.from({ length: clusters }, (_, index) => to(`/${nameOf(index)}/`, nameOf(index)))
  const marker =
    seq === undefined
      ? []
      : [{ name: `change-${seq}`, domains: [`change-${seq}.invalid`], routes: [to('/', nameOf(0))] }]
  const configuration = {
    name: 'bench-route',
    virtual_hosts: [{ name: 'bench', domains: ['*'], routes: all }, ...marker],
  }
  return {
    kind: 'ConfigMap',
    metadata: metadata('routes', FLEET),
    data: { 'routes.yaml': JSON.stringify([configuration]) },
  }
}
