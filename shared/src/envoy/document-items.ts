// What a document holds: a list, a map of lists, a whole bootstrap, an xDS document, or one resource. Splits it into raw
// items with their type and, where it can be told, their name; nothing in an item is checked here.
import { ENDPOINTS, LISTENER, RESOURCE_TYPES, type ResourceType } from '../resources/types.ts'
import { typeNameOf } from './canonical-json.ts'
import { asList, asObject, isObject, type JsonObject, join, show } from './json-value.ts'
import { suggest } from './suggest.ts'
import type { EnvoyTypes } from './types.ts'
import type { Issue } from './yaml-positions.ts'

export interface RawItem {
  /** undefined: its "@type" could not be read; `issue` says so. */
  readonly type: string | undefined
  readonly name: string | undefined
  readonly value: unknown
  /** Of the value, in the document. */
  readonly path: string
  readonly index: number
  readonly aliases?: readonly string[]
  readonly ttlSeconds?: number
  readonly issues: readonly Issue[]
}
export interface Split {
  /** undefined: the document as a whole is none that is known. */
  readonly items: readonly RawItem[] | undefined
  readonly issues: readonly Issue[]
}

const BOOTSTRAP = 'envoy.config.bootstrap.v3.Bootstrap'
/** An item of a file-based xDS document may be wrapped, with a name, aliases and a time to live. */
const WRAPPER = 'envoy.service.discovery.v3.Resource'
const DISCOVERY_FIELDS = ['version_info', 'resources', 'type_url', 'nonce', 'canary', 'control_plane']
/** Of a static_resources list that Envoy has no name for on the wire. */
const LISTS = new Map(RESOURCE_TYPES.flatMap((t) => (t.list === undefined ? [] : [[t.list, t]])))

export function splitDocument(value: unknown, fileName: string, types: EnvoyTypes): Split {
  const expected = typeOfFile(fileName)
  if (Array.isArray(value)) {
    if (expected) return { items: itemsOf(value, expected, ''), issues: [] }
    if (value.every((v) => isObject(v) && '@type' in v)) return { items: value.map(anyItem('', types)), issues: [] }
    return unknown(`"${fileName}" does not say what this list holds: call it ${[...LISTS.keys()].join('.yaml, ')}.yaml`)
  }
  if (!isObject(value)) return unknown(`a list or a mapping expected, got ${show(value)}`)
  if ('@type' in value) return { items: [anyItem('', types)(value, 0)].map((i) => ({ ...i, path: '' })), issues: [] }
  if ('resources' in value) return splitDiscovery(value, types)
  if ('static_resources' in value || 'staticResources' in value) return splitBootstrap(value, types)
  if (Object.keys(value).some((key) => LISTS.has(camelToSnake(key)))) return splitLists(value, '')
  if (expected) return { items: itemsOf([value], expected, '').map((i) => ({ ...i, path: '' })), issues: [] }
  const bootstrap = types.message(BOOTSTRAP)
  if (bootstrap?.fields.some((f) => f.name in value)) return { items: [], issues: unknownFields(value, types) }
  return unknown(
    'neither resources nor a bootstrap: a list, listeners:, clusters:, static_resources: or resources: expected',
  )
}

const unknown = (message: string): Split => ({ items: undefined, issues: [{ path: '', message }] })

/** `listeners.yaml`, also `lds.yaml`, with any folder before it. */
function typeOfFile(fileName: string): ResourceType | undefined {
  const word = /(?:^|\/)([^/]*?)(?:\.(?:yaml|yml|json))?$/.exec(fileName)?.[1]?.replaceAll('-', '_').toLowerCase() ?? ''
  return LISTS.get(word) ?? RESOURCE_TYPES.find((t) => t.short === word)
}

const camelToSnake = (key: string) => key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)

function itemsOf(value: unknown, type: ResourceType, path: string): RawItem[] {
  return asList(value).map((item, index) => ({
    type: type.url,
    name: nameOf(item, type.url),
    value: item,
    path: Array.isArray(value) ? join(path, index) : path,
    index,
    issues: [],
  }))
}

/** A map of lists; other keys are mistakes of their own and harm no item. */
function splitLists(value: JsonObject, path: string): Split {
  const items: RawItem[] = []
  const issues: Issue[] = []
  for (const [key, list] of Object.entries(value)) {
    const type = LISTS.get(camelToSnake(key))
    if (type) items.push(...itemsOf(list, type, join(path, key)))
    else issues.push({ path: join(path, key), message: `no list is called "${key}"${suggest(key, [...LISTS.keys()])}` })
  }
  return { items, issues }
}

/** Of a bootstrap only `static_resources` is served; the rest belongs to the process that it starts. */
function splitBootstrap(value: JsonObject, types: EnvoyTypes): Split {
  const key = 'static_resources' in value ? 'static_resources' : 'staticResources'
  const inner = value[key]
  if (inner !== null && !isObject(inner)) {
    return { items: undefined, issues: [{ path: key, message: `mapping expected, got ${show(inner)}` }] }
  }
  const { items, issues } = splitLists(asObject(inner), key)
  return { items, issues: [...unknownFields(value, types), ...issues] }
}

function unknownFields(value: JsonObject, types: EnvoyTypes): Issue[] {
  const fields = types.message(BOOTSTRAP)?.fields ?? []
  // `runtime` and `rate_limit_service` are of v2; they are not served, so they do no harm.
  const known = new Set([...fields.flatMap((f) => [f.name, f.jsonName]), 'runtime', 'rate_limit_service'])
  return Object.keys(value)
    .filter((key) => !known.has(key))
    .map((key) => ({
      path: join('', key),
      message: `${BOOTSTRAP} has no field "${key}"${suggest(
        key,
        fields.map((f) => f.name),
      )}`,
    }))
}

function splitDiscovery(value: JsonObject, types: EnvoyTypes): Split {
  const issues = Object.keys(value)
    .filter((key) => !DISCOVERY_FIELDS.includes(camelToSnake(key)))
    .map((key) => ({
      path: join('', key),
      message: `an xDS document has no field "${key}"${suggest(key, DISCOVERY_FIELDS)}`,
    }))
  return { items: asList(value.resources).map(anyItem('resources', types)), issues }
}

/** An item that names its own type. */
const anyItem =
  (path: string, types: EnvoyTypes) =>
  (value: unknown, index: number): RawItem => {
    const here = join(path, index)
    const fail = (message: string): RawItem => ({
      type: undefined,
      name: undefined,
      value,
      path: here,
      index,
      issues: [{ path: here, message }],
    })
    if (!isObject(value)) return fail(`mapping with "@type" expected, got ${show(value)}`)
    const { '@type': typeUrl, ...body } = value
    const written = typeNameOf(typeUrl)
    if (written === undefined) return fail(`"@type: type.googleapis.com/<message>" expected, got ${show(typeUrl)}`)
    const name = types.today(written)
    if (name === WRAPPER) return wrapped(body, here, index, types)
    const type = RESOURCE_TYPES.find((t) => t.url.endsWith(`/${name}`))
    if (!type) return fail(`${written} is no resource that is served`)
    return { type: type.url, name: nameOf(body, type.url), value: body, path: here, index, issues: [] }
  }

function wrapped(body: JsonObject, path: string, index: number, types: EnvoyTypes): RawItem {
  const inner = anyItem('', types)(body.resource, index)
  const seconds = /^(\d+)(?:\.\d+)?s$/.exec(String(body.ttl ?? ''))?.[1]
  const issues = inner.issues.map((i) => ({ ...i, path: join(path, 'resource') }))
  if (body.ttl !== undefined && seconds === undefined) {
    issues.push({ path: join(path, 'ttl'), message: `duration in seconds expected, got ${show(body.ttl)}` })
  }
  const aliases = asList(body.aliases).filter((a) => typeof a === 'string')
  return {
    ...inner,
    path: join(path, 'resource'),
    name: typeof body.name === 'string' && body.name !== '' ? body.name : inner.name,
    index,
    issues,
    ...(aliases.length > 0 ? { aliases } : {}),
    ...(seconds === undefined ? {} : { ttlSeconds: Number(seconds) }),
  }
}

/** The name by which a resource is asked for; undefined where none can be told. */
export function nameOf(value: unknown, type: string): string | undefined {
  const m = asObject(value)
  const written = type === ENDPOINTS ? (m.cluster_name ?? m.clusterName) : m.name
  if (typeof written === 'string' && written !== '') return written
  if (type === LISTENER && (written === undefined || written === null || written === ''))
    return nameOfAddress(m.address)
  return undefined
}

/** An envoy.yaml may leave the names of its listeners out; the protocol can't: the address names it. */
function nameOfAddress(address: unknown): string | undefined {
  const socket = asObject(asObject(address).socket_address ?? asObject(address).socketAddress)
  const port = socket.port_value ?? socket.portValue
  if (typeof socket.address === 'string' && (typeof port === 'number' || typeof port === 'string')) {
    return `listener_${socket.address}_${port}`
  }
  const { path } = asObject(asObject(address).pipe)
  return typeof path === 'string' ? `listener_${path}` : undefined
}
