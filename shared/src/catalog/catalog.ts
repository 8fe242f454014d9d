// The catalog: what the services of a site are and where they answer. No Kubernetes object and nothing of Envoy is in it.
import type { Labels, Protocol } from '../objects/object.ts'

/** `namespace/name` of a Service. */
export type ServiceKey = string

/** `terminating` still serves and is to be drained; `notReady` must not be sent traffic. */
export type EndpointState = 'ready' | 'terminating' | 'notReady'

export interface CatalogEndpoint {
  readonly address: string
  /** The same endpoint in the Service's other family (dual stack), sorted. */
  readonly additional: readonly string[]
  readonly port: number
  readonly state: EndpointState
  readonly zone?: string
  readonly node?: string
  /** All labels of its Node; absent while the Node is not known. */
  readonly nodeLabels?: Labels
  readonly hostname?: string
}

export interface CatalogPort {
  /** Absent where the only port of a Service has no name. */
  readonly name?: string
  readonly port: number
  /** Absent where it equals `port`; a named target is resolved by each slice for itself. */
  readonly targetPort?: number | string
  readonly protocol: Protocol
  readonly appProtocol?: string
  /** Sorted by address, then port; each address and port once. */
  readonly endpoints: readonly CatalogEndpoint[]
}

export interface CatalogService {
  readonly site: string
  readonly namespace: string
  readonly name: string
  readonly ports: readonly CatalogPort[]
}
