// Kubernetes objects, cut down to the fields that Fleetcast reads. The watcher makes them, the log carries them, the
// publisher reads them. Nothing here knows a client library, Envoy or Redis. Equal content gives equal values: lists
// whose order means nothing are sorted when an object is cut down, absent fields are left out.

/** One kind of object that is read. An `Endpoints` object is cut down to the form of an EndpointSlice. */
export type Kind = 'Service' | 'EndpointSlice' | 'Endpoints' | 'Node' | 'ConfigMap' | 'Secret'

export const KINDS: readonly Kind[] = ['Service', 'EndpointSlice', 'Endpoints', 'Node', 'ConfigMap', 'Secret']

/** `Kind/namespace/name`; the namespace of a Node is empty: `Node//name`. */
export type ObjectKey = string

export type Protocol = 'TCP' | 'UDP' | 'SCTP'
export type Labels = Readonly<Record<string, string>>

interface Meta {
  readonly namespace: string
  readonly name: string
}

export interface ServicePort {
  /** Absent where the only port of a Service has no name. */
  readonly name?: string
  readonly port: number
  /** A number, or the name of a container port; absent means equal to `port`. */
  readonly targetPort?: number | string
  readonly protocol: Protocol
  readonly appProtocol?: string
}

export interface ServiceObject extends Meta {
  readonly kind: 'Service'
  readonly labels: Labels
  /** Only the annotations that mean something here (`kubenvoy.Cluster`, `fleetcast.dev/…`). */
  readonly annotations: Labels
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName'
  /** True for `clusterIP: None`. */
  readonly headless: boolean
  readonly clusterIPs: readonly string[]
  readonly externalName?: string
  /** The first is the family of the primary address. */
  readonly ipFamilies: readonly ('IPv4' | 'IPv6')[]
  readonly ports: readonly ServicePort[]
}

export interface SlicePort {
  readonly name?: string
  /** The port that the endpoints listen on; absent means "all ports", which is not supported and gives no endpoint. */
  readonly port?: number
  readonly protocol: Protocol
  readonly appProtocol?: string
}

export interface SliceEndpoint {
  readonly addresses: readonly string[]
  /** `conditions.ready`; absent there means ready. */
  readonly ready: boolean
  /** `conditions.serving`; absent there means the same as `ready`. */
  readonly serving: boolean
  readonly terminating: boolean
  readonly nodeName?: string
  readonly zone?: string
  readonly hostname?: string
  /** `Kind/namespace/name` or uid of what stands behind the addresses; pairs the families of a dual-stack Service. */
  readonly target?: string
}

export interface SliceObject extends Meta {
  readonly kind: 'EndpointSlice' | 'Endpoints'
  /** The Service it belongs to, by name in the same namespace; absent for a slice without the label. */
  readonly service?: string
  readonly addressType: 'IPv4' | 'IPv6' | 'FQDN'
  readonly ports: readonly SlicePort[]
  readonly endpoints: readonly SliceEndpoint[]
}

export interface NodeObject extends Meta {
  readonly kind: 'Node'
  /** All labels: a fleet may name any of them for a locality. */
  readonly labels: Labels
}

export interface ConfigMapObject extends Meta {
  readonly kind: 'ConfigMap'
  readonly labels: Labels
  readonly data: Readonly<Record<string, string>>
  /** Where the text came from, for problems: a file of a folder. Absent for an API server. */
  readonly origin?: string
}

export interface SecretObject extends Meta {
  readonly kind: 'Secret'
  readonly labels: Labels
  /** Always `kubernetes.io/tls`: no other Secret is read. PEM texts. */
  readonly type: 'kubernetes.io/tls'
  readonly certificate: string
  readonly privateKey: string
  readonly ca?: string
}

export type KubeObject = ServiceObject | SliceObject | NodeObject | ConfigMapObject | SecretObject

export const objectKey = (o: { readonly kind: Kind; readonly namespace: string; readonly name: string }): ObjectKey =>
  `${o.kind}/${o.namespace}/${o.name}`

/** What happened to one object: `object` is its new form, or undefined when it is gone. */
export interface ObjectChange {
  readonly key: ObjectKey
  readonly object: KubeObject | undefined
}
