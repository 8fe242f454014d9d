// Files that are configuration themselves, not manifests: an Envoy bootstrap or an ekglue configuration becomes the ConfigMap
// of a fleet named after the file.
import { basename, extname } from 'node:path'
import type { ConfigMapObject } from '@fleetcast/shared/objects/object'
import { field } from '../../cut/cut.ts'

/** Any of them at the top, where no `kind` stands, tells Envoy's own configuration. */
const ENVOY_KEYS = [
  'static_resources',
  'dynamic_resources',
  'listeners',
  'clusters',
  'routes',
  'endpoints',
  'secrets',
  'scoped_routes',
  'runtimes',
  'extensions',
  'resources',
  'admin',
]

/** The key of the ConfigMap under which such a document is served, or undefined for what is neither. */
export function configurationKey(document: unknown): 'envoy.yaml' | 'ekglue.yaml' | undefined {
  if (field(document, 'kind') !== undefined) return undefined
  const isEkglue = field(document, 'cluster_config') ?? field(document, 'endpoint_config')
  if (field(document, 'apiVersion') === 'v1alpha' || isEkglue !== undefined) return 'ekglue.yaml'
  return ENVOY_KEYS.some((key) => field(document, key) !== undefined) ? 'envoy.yaml' : undefined
}

/** `path`: relative to the folder. */
export function fleetOf(path: string, key: string, text: string): ConfigMapObject {
  const name = basename(path, extname(path))
  return {
    kind: 'ConfigMap',
    namespace: 'default',
    name,
    labels: { 'fleetcast.dev/fleet': name },
    data: { [key]: text },
    origin: path,
  }
}
