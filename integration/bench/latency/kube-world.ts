// What the API server holds while latency is measured: Services of ten endpoints each, and a fleet of all of them.
import type { Kube, Manifest } from '../../harness/kube.ts'

export const FLEET = 'latency'
export const NAMESPACE = 'latency'
const ENDPOINTS_EACH = 10
/** Requests to the API server at once. */
const AT_ONCE = 50

const metadata = (name: string): Manifest['metadata'] => ({ name, namespace: NAMESPACE })

const addresses = (index: number): string[] =>
  Array.from({ length: ENDPOINTS_EACH }, (_, e) => `10.${index >> 8}.${index & 255}.${e + 1}`)
const endpoints = (list: readonly string[]): readonly object[] =>
  list.map((address) => ({ addresses: [address], conditions: { ready: true } }))

export const slice = (index: number): Manifest => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { ...metadata(`s-${index}`), labels: { 'kubernetes.io/service-name': `s-${index}` } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  endpoints: endpoints(addresses(index)),
})

/** The change that gives a slice one more endpoint, by which it is known again. */
export const marked = (index: number, marker: string): object => ({
  endpoints: endpoints([...addresses(index), marker]),
})

/** The marker (10.25x.y.z) that the API server holds of a slice. */
export async function markerOf(kube: Kube, index: number): Promise<string> {
  const path = `/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices/s-${index}`
  const { endpoints } = await kube.get<{ endpoints: readonly { addresses: readonly string[] }[] }>(path)
  return endpoints.flatMap(({ addresses }) => addresses).find((address) => address.startsWith('10.25')) ?? ''
}

/** Leads to every Service. */
export const ingress = (services: number): Manifest => {
  const backend = (index: number) => ({ service: { name: `s-${index}`, port: { number: 80 } } })
  const paths = Array.from({ length: services }, (_, index) => ({
    ...{ path: `/s-${index}/`, pathType: 'Prefix', backend: backend(index) },
  }))
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: metadata('all'),
    spec: { rules: [{ http: { paths } }] },
  }
}

export async function fillKube(kube: Kube, services: number): Promise<void> {
  await kube.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } })
  const fleet = { ...metadata('fleet'), labels: { 'fleetcast.dev/fleet': FLEET } }
  const settings = { services: { namespaces: [NAMESPACE] } }
  await kube.create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: fleet,
    data: { 'fleet.yaml': JSON.stringify(settings) },
  })
  const spec = { ports: [{ name: 'http', port: 80, targetPort: 8080 }] }
  const make = async (index: number): Promise<void> => {
    await kube.create({ apiVersion: 'v1', kind: 'Service', metadata: metadata(`s-${index}`), spec })
    await kube.create(slice(index))
  }
  for (let first = 0; first < services; first += AT_ONCE) {
    const indexes = Array.from({ length: Math.min(AT_ONCE, services - first) }, (_, i) => first + i)
    await Promise.all(indexes.map(make))
  }
}
