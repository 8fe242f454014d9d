// From a fleet's resources to files that an Envoy reads: lds.yaml and cds.yaml, and one file for each resource that these refer
// to, with the references turned from the aggregated stream to that file. Pure.
import { createHash } from 'node:crypto'
import { CLUSTER, ENDPOINTS, EXTENSION, LISTENER, ROUTES, SECRET } from '@fleetcast/shared/resources/types'
import type { OutputFile, OutputFiles } from './file-set.ts'
import type { FleetWorld } from './fleet-world.ts'

type Json = { readonly [key: string]: unknown }

/** In the order in which an Envoy is to hear of them: what is referred to before what refers to it (rule 6 of the design). */
const PLACES: readonly (readonly [type: string, place: { readonly folder: string } | { readonly file: string }])[] = [
  [SECRET, { folder: 'sds' }],
  [EXTENSION, { folder: 'ecds' }],
  [ENDPOINTS, { folder: 'eds' }],
  [CLUSTER, { file: 'cds.yaml' }],
  [ROUTES, { folder: 'rds' }],
  [LISTENER, { file: 'lds.yaml' }],
]
const NAME_MAX = 150

/** `folder`: where the Envoy finds the files. */
export function filesOf(world: FleetWorld, folder: string): OutputFiles {
  const files = new Map<string, OutputFile>()
  for (const [type, place] of PLACES) {
    const held = [...world.held(type)].sort(([a], [b]) => (a < b ? -1 : 1))
    if ('folder' in place) {
      for (const [name, resource] of held)
        files.set(pathOf(place.folder, name), { text: documentOf([resource]), sensitive: type === SECRET })
    } else {
      // What came from the decoder is an object, and stays one.
      files.set(place.file, { text: documentOf(held.map(([, resource]) => fromFiles(resource, folder) as Json)) })
    }
  }
  return files
}

/** JSON is YAML; the version is a hash, so that equal content gives equal files. */
function documentOf(resources: readonly Json[]): string {
  const text = JSON.stringify(resources)
  const version_info = createHash('sha256').update(text).digest('hex').slice(0, 16)
  return `${JSON.stringify({ version_info, resources }, undefined, 1)}\n`
}

function pathOf(sub: string, name: string): string {
  const safe = encodeURIComponent(name)
  const short = safe.length <= NAME_MAX ? safe : createHash('sha256').update(name).digest('hex')
  return `${sub}/${short}.yaml`
}

/** Every reference to the aggregated stream becomes one to the file of what it names. */
function fromFiles(value: unknown, folder: string, owner = ''): unknown {
  if (Array.isArray(value)) return value.map((each) => fromFiles(each, folder, owner))
  if (!isJson(value)) return value
  const name = typeof value.name === 'string' ? value.name : owner
  const source = (sub: string, of: string): Json => ({
    resource_api_version: 'V3',
    path_config_source: { path: `${folder}/${pathOf(sub, of)}` },
  })
  const turned = (key: string, field: unknown): unknown => {
    if (!isAds(field)) return fromFiles(field, folder, name)
    if (key === 'eds_config') return source('eds', textOr(value.service_name, name))
    if (key === 'sds_config') return source('sds', name)
    if (key === 'config_source' && 'route_config_name' in value)
      return source('rds', textOr(value.route_config_name, ''))
    if (key === 'config_source') return source('ecds', name)
    return field
  }
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, turned(key, field)]))
}

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null
const isAds = (value: unknown): boolean => isJson(value) && ('ads' in value || 'self' in value)
const textOr = (value: unknown, otherwise: string): string =>
  typeof value === 'string' && value !== '' ? value : otherwise
