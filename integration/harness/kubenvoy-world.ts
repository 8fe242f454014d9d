// The Kubenvoy example as objects of an API server, with addresses of a test's upstreams.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import type { Manifest } from './kube.ts'

const folder = join(import.meta.dirname, '../../deploy/examples/kubenvoy')
export const NAMESPACE = 'namespace'

/** The ConfigMap of the example, listening on `port`. */
export function kubenvoyConfig(port: number): Manifest & { readonly data: Readonly<Record<string, string>> } {
  const text = readFileSync(join(folder, 'kubenvoy-xds-config.yaml'), 'utf8')
  const manifest = parse(text.replace('port_value: 80', `port_value: ${port}`)) as ReturnType<typeof kubenvoyConfig>
  return { ...manifest, metadata: { ...manifest.metadata, namespace: 'default' } }
}

/** The two Services of the example; their selectors are left out, so that no controller touches the slices. */
export function kubenvoyServices(): Manifest[] {
  return manifests()
    .filter(({ kind }) => kind === 'Service')
    .map((manifest) => ({ ...manifest, spec: { ...(manifest.spec as object), selector: undefined } }))
}

/** The one slice of a Service. */
export const kubenvoySlice = (service: string, addresses: readonly string[], port: number): Manifest => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: `${service}-1`, namespace: NAMESPACE, labels: { 'kubernetes.io/service-name': service } },
  addressType: 'IPv4',
  ports: [{ port, protocol: 'TCP' }],
  endpoints: endpointsAt(addresses),
})

export const endpointsAt = (addresses: readonly string[]): readonly object[] =>
  addresses.map((address) => ({ addresses: [address], conditions: { ready: true } }))

const manifests = (): Manifest[] =>
  parseAllDocuments(readFileSync(join(folder, 'services.yaml'), 'utf8')).map((document) => document.toJS() as Manifest)
