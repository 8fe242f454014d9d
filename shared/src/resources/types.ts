// The resource types that are served, in the order in which they are sent (make before break), with what each is called.
import type { TypeUrl } from './resource.ts'

export interface ResourceType {
  readonly url: TypeUrl
  /** The field's short name: CDS, EDS, … as people say it, in lower case. */
  readonly short: string
  /** The list in a ConfigMap or static_resources that holds them; undefined where there is none. */
  readonly list?: string
  /** The service of the type's own streams: `envoy.service.<service>`. */
  readonly service: string
  /** The rpc names of that service: SotW, delta, REST's path under /v3/. */
  readonly stream?: string
  readonly delta: string
  readonly rest?: string
  /** An empty first request means everything (rule 30). */
  readonly wildcard: boolean
  /** SotW answers hold the full state and absence means deletion (rules 34 and 35). */
  readonly full: boolean
}

const url = (message: string): TypeUrl => `type.googleapis.com/${message}`

export const CLUSTER = url('envoy.config.cluster.v3.Cluster')
export const ENDPOINTS = url('envoy.config.endpoint.v3.ClusterLoadAssignment')
export const LISTENER = url('envoy.config.listener.v3.Listener')
export const SCOPED_ROUTES = url('envoy.config.route.v3.ScopedRouteConfiguration')
export const ROUTES = url('envoy.config.route.v3.RouteConfiguration')
export const VIRTUAL_HOST = url('envoy.config.route.v3.VirtualHost')
export const SECRET = url('envoy.extensions.transport_sockets.tls.v3.Secret')
export const RUNTIME = url('envoy.service.runtime.v3.Runtime')
export const EXTENSION = url('envoy.config.core.v3.TypedExtensionConfig')

/** Send order: secrets and extensions are leaves that others wait for; then clusters, endpoints, listeners, routes. */
export const RESOURCE_TYPES: readonly ResourceType[] = [
  {
    url: SECRET,
    short: 'sds',
    list: 'secrets',
    service: 'secret.v3.SecretDiscoveryService',
    stream: 'StreamSecrets',
    delta: 'DeltaSecrets',
    rest: 'secrets',
    wildcard: false,
    full: false,
  },
  {
    url: RUNTIME,
    short: 'rtds',
    list: 'runtimes',
    service: 'runtime.v3.RuntimeDiscoveryService',
    stream: 'StreamRuntime',
    delta: 'DeltaRuntime',
    rest: 'runtime',
    wildcard: false,
    full: false,
  },
  {
    url: CLUSTER,
    short: 'cds',
    list: 'clusters',
    service: 'cluster.v3.ClusterDiscoveryService',
    stream: 'StreamClusters',
    delta: 'DeltaClusters',
    rest: 'clusters',
    wildcard: true,
    full: true,
  },
  {
    url: ENDPOINTS,
    short: 'eds',
    list: 'endpoints',
    service: 'endpoint.v3.EndpointDiscoveryService',
    stream: 'StreamEndpoints',
    delta: 'DeltaEndpoints',
    rest: 'endpoints',
    wildcard: false,
    full: false,
  },
  {
    url: EXTENSION,
    short: 'ecds',
    list: 'extensions',
    service: 'extension.v3.ExtensionConfigDiscoveryService',
    stream: 'StreamExtensionConfigs',
    delta: 'DeltaExtensionConfigs',
    rest: 'extension_configs',
    wildcard: false,
    full: false,
  },
  {
    url: LISTENER,
    short: 'lds',
    list: 'listeners',
    service: 'listener.v3.ListenerDiscoveryService',
    stream: 'StreamListeners',
    delta: 'DeltaListeners',
    rest: 'listeners',
    wildcard: true,
    full: true,
  },
  {
    url: SCOPED_ROUTES,
    short: 'srds',
    list: 'scoped_routes',
    service: 'route.v3.ScopedRoutesDiscoveryService',
    stream: 'StreamScopedRoutes',
    delta: 'DeltaScopedRoutes',
    rest: 'scoped-routes',
    wildcard: true,
    full: true,
  },
  {
    url: ROUTES,
    short: 'rds',
    list: 'routes',
    service: 'route.v3.RouteDiscoveryService',
    stream: 'StreamRoutes',
    delta: 'DeltaRoutes',
    rest: 'routes',
    wildcard: false,
    full: false,
  },
  {
    url: VIRTUAL_HOST,
    short: 'vhds',
    list: 'virtual_hosts',
    service: 'route.v3.VirtualHostDiscoveryService',
    delta: 'DeltaVirtualHosts',
    wildcard: false,
    full: false,
  },
]
