// What is read from an API server: one list and watch each.
import type { Kind } from '@fleetcast/shared/objects/object'

export interface Query {
  readonly kind: Kind
  readonly path: string
  readonly selectors: Readonly<Record<string, string>>
}

const query = (kind: Kind, path: string, selectors: Query['selectors'] = {}): Query => ({ kind, path, selectors })

/** Where one kind has several queries, an object counts as the first one that has it says. */
export function queriesOf(secrets: boolean): readonly Query[] {
  const all = [
    query('Service', '/api/v1/services'),
    query('EndpointSlice', '/apis/discovery.k8s.io/v1/endpointslices'),
    query('Node', '/api/v1/nodes'),
    query('ConfigMap', '/api/v1/configmaps', { labelSelector: 'fleetcast.dev/fleet' }),
    query('ConfigMap', '/api/v1/configmaps', { fieldSelector: 'metadata.name=kubenvoy-xds-config' }),
  ]
  if (!secrets) return all
  return [...all, query('Secret', '/api/v1/secrets', { fieldSelector: 'type=kubernetes.io/tls' })]
}
