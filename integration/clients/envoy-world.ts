// What an Envoy of these tests is given, as objects: a fleet for each way of delivery, with Services of its own. A world is
// written as one file, so that everything a test changes together arrives together.
import { type Delivery, ownSource } from '../harness/bootstrap.ts'
import type { TempFolder } from '../harness/temp-folder.ts'

export interface Content {
  /** Path prefix → Service. A Service that no route names is no cluster. */
  readonly routes: Readonly<Record<string, string>>
  /** Service → addresses. */
  readonly services: Readonly<Record<string, readonly string[]>>
  /** Fields of every cluster that is made from a Service. */
  readonly cluster?: object
  /** Listeners beside the one of the routes. */
  readonly listeners?: readonly object[]
  /** Clusters beside those made from Services. */
  readonly clusters?: readonly object[]
}

export interface World {
  readonly fleet: string
  /** Where the routes are served. */
  readonly port: number
  /** The name of the cluster that is made from a Service. */
  clusterOf(service: string): string
  show(content: Content): void
}

export interface WorldOptions {
  readonly folder: TempFolder
  readonly delivery: Delivery
  readonly port: number
  readonly upstreamPort: number
}

export function createWorld({ folder, delivery, port, upstreamPort }: WorldOptions): World {
  // The namespace keeps the Services of the fleets apart.
  const namespace = delivery
  const clusterOf = (service: string): string => `${namespace}/${service}/http`
  const source = ownSource(delivery)

  const fleetMap = (content: Content): object => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: delivery, namespace, labels: { 'fleetcast.dev/fleet': delivery } },
    data: {
      'fleet.yaml': JSON.stringify({
        clusters: {
          base: { connect_timeout: '1s', eds_cluster_config: { eds_config: source }, ...content.cluster },
        },
      }),
      'listeners.yaml': JSON.stringify([listener(port, source), ...(content.listeners ?? [])]),
      'routes.yaml': JSON.stringify([routeConfiguration(content.routes, clusterOf)]),
      'clusters.yaml': JSON.stringify(content.clusters ?? []),
    },
  })

  return {
    fleet: delivery,
    port,
    clusterOf,
    show(content) {
      const services = Object.entries(content.services).flatMap(([name, addresses]) => [
        service(namespace, name),
        slice(namespace, name, addresses, upstreamPort),
      ])
      folder.write(`${delivery}.json`, JSON.stringify({ kind: 'List', items: [...services, fleetMap(content)] }))
    },
  }
}

const service = (namespace: string, name: string): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec: { ports: [{ name: 'http', port: 80 }] },
})

const slice = (namespace: string, name: string, addresses: readonly string[], port: number): object => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: `${name}-1`, namespace, labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port, protocol: 'TCP' }],
  endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
})

const listener = (port: number, source: object): object => ({
  name: 'front',
  address: { socket_address: { address: '127.0.0.1', port_value: port } },
  filter_chains: [
    {
      filters: [
        {
          name: 'envoy.filters.network.http_connection_manager',
          typed_config: {
            '@type':
              'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
            stat_prefix: 'front',
            rds: { route_config_name: 'front', config_source: source },
            http_filters: [
              {
                name: 'envoy.filters.http.router',
                typed_config: {
                  '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
                },
              },
            ],
          },
        },
      ],
    },
  ],
})

const routeConfiguration = (routes: Content['routes'], clusterOf: (service: string) => string): object => ({
  name: 'front',
  virtual_hosts: [
    {
      name: 'all',
      domains: ['*'],
      routes: Object.entries(routes).map(([prefix, name]) => ({
        match: { prefix },
        route: { cluster: clusterOf(name) },
      })),
    },
  ],
})
