// Objects for tests, written short: whatever a test does not speak of has the value that an ordinary object has.
import type {
  ConfigMapObject,
  KubeObject,
  NodeObject,
  SecretObject,
  ServiceObject,
  SliceEndpoint,
  SliceObject,
} from '@fleetcast/shared/objects/object'
import { objectKey } from '@fleetcast/shared/objects/object'
import type { WorldChange } from '../world/world.ts'

/** `shop/web`. */
type Id = string
const split = (id: Id) => {
  const [namespace = '', name = ''] = id.includes('/') ? id.split('/') : ['', id]
  return { namespace, name }
}

export const service = (id: Id, more: Partial<ServiceObject> = {}): ServiceObject => ({
  kind: 'Service',
  ...split(id),
  labels: {},
  annotations: {},
  type: 'ClusterIP',
  headless: false,
  clusterIPs: ['10.96.0.1'],
  ipFamilies: ['IPv4'],
  ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }],
  ...more,
})

/** Ready unless said otherwise. */
export const endpoint = (address: string, more: Partial<SliceEndpoint> = {}): SliceEndpoint => ({
  addresses: [address],
  ready: true,
  serving: true,
  terminating: false,
  ...more,
})

/** A slice of the Service `shop/web`, called `shop/web-<suffix>`. */
export const slice = (
  serviceId: Id,
  endpoints: readonly (string | SliceEndpoint)[],
  { suffix = 'a', ...more }: Partial<SliceObject> & { readonly suffix?: string } = {},
): SliceObject => {
  const { namespace, name } = split(serviceId)
  return {
    kind: 'EndpointSlice',
    namespace,
    name: `${name}-${suffix}`,
    service: name,
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: endpoints.map((each) => (typeof each === 'string' ? endpoint(each) : each)),
    ...more,
  }
}

export const node = (name: string, labels: NodeObject['labels']): NodeObject => ({
  kind: 'Node',
  namespace: '',
  name,
  labels,
})

/** A ConfigMap of the fleet, or with the labels that are given. */
export const configMap = (
  id: Id,
  fleet: string | undefined,
  data: ConfigMapObject['data'],
  labels: ConfigMapObject['labels'] = fleet === undefined ? {} : { 'fleetcast.dev/fleet': fleet },
): ConfigMapObject => ({ kind: 'ConfigMap', ...split(id), labels, data })

export const secret = (id: Id, more: Partial<SecretObject> = {}): SecretObject => ({
  kind: 'Secret',
  ...split(id),
  labels: {},
  type: 'kubernetes.io/tls',
  certificate: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
  privateKey: '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n',
  ...more,
})

/** The object came, or took the place of another one. */
export const came = (after: KubeObject, site = 'east', before?: KubeObject): WorldChange => ({
  site,
  key: objectKey(after),
  before,
  after,
})
export const went = (before: KubeObject, site = 'east'): WorldChange => ({
  site,
  key: objectKey(before),
  before,
  after: undefined,
})
