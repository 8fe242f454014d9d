// Services → Clusters: a base, then the overrides that match, then the name. Pure, memoised on the identity of settings
// and Service: a Service that changes costs its own clusters. Clusters that differ only in their name are encoded once.
import { readItem } from '@fleetcast/shared/envoy/item'
import { asObject, type JsonObject } from '@fleetcast/shared/envoy/json-value'
import { mergeJson } from '@fleetcast/shared/envoy/merge'
import type { EnvoyTypes } from '@fleetcast/shared/envoy/types'
import { objectKey, type ServiceObject, type ServicePort } from '@fleetcast/shared/objects/object'
import type { Checked, Problem } from '@fleetcast/shared/objects/problem'
import { type Resource, resource } from '@fleetcast/shared/resources/resource'
import { CLUSTER } from '@fleetcast/shared/resources/types'
import type { FleetSettings, Subject } from '../fleets/settings.ts'
import { readPage } from '../fleets/written.ts'
import { createReadCluster } from './read-cluster.ts'

export interface ClusterInput {
  readonly settings: FleetSettings
  readonly name: string
  readonly site: string
  readonly service: ServiceObject
  readonly port: ServicePort
}

/** `resource` is undefined for a cluster that is suppressed; `failed` says that its last good form stays. */
export interface CompiledCluster {
  readonly resource: Resource | undefined
  readonly failed: boolean
}

export type CompileCluster = (input: ClusterInput) => Checked<CompiledCluster>

/** The bytes of a cluster behind its name, which is the first field. */
interface Template {
  readonly tail: Uint8Array | undefined
  readonly json: JsonObject
  readonly endpointsName: boolean
  readonly sensitive: boolean
  readonly problems: readonly Problem[]
}

/** One byte, so that what was encoded under it can be cut behind it. */
const PLACEHOLDER = 'x'
const ANNOTATION = 'kubenvoy.Cluster'
const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions'
const httpOptions = (options: JsonObject): JsonObject => ({
  typed_extension_protocol_options: { [HTTP_OPTIONS]: { '@type': `type.googleapis.com/${HTTP_OPTIONS}`, ...options } },
})
/** How a cluster speaks to its upstreams before anything that a user wrote. */
const SPOKEN: Readonly<Record<Spoken, JsonObject>> = {
  plain: {},
  http2: httpOptions({ explicit_http_config: { http2_protocol_options: {} } }),
  asked: httpOptions({ use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: {} } }),
}
type Spoken = 'plain' | 'http2' | 'asked'
const OVER_ADS = { type: 'EDS', eds_cluster_config: { eds_config: { ads: {}, resource_api_version: 'V3' } } }

export function createCompileCluster(types: EnvoyTypes): CompileCluster {
  const readCluster = createReadCluster(types)
  const templates = new WeakMap<FleetSettings, Map<string, Template>>()
  const compiled = new WeakMap<FleetSettings, WeakMap<ServiceObject, Map<string, Checked<CompiledCluster>>>>()
  const merge = (under: JsonObject, over: JsonObject): JsonObject => mergeJson(under, over, CLUSTER, types)

  function encode(json: JsonObject, name: string) {
    const raw = { type: CLUSTER, name, value: { ...json, name }, path: '', index: 0, issues: [] }
    return readItem(raw, new Map(), { types })
  }

  function makeTemplate(settings: FleetSettings, matched: readonly number[], layers: readonly JsonObject[]): Template {
    const overrides = matched.map((i): JsonObject => settings.overrides[i]?.cluster ?? {})
    const json = [...layers, settings.base, ...overrides].reduce(merge, {} as JsonObject)
    // What asks DNS differs in its address as well: each is encoded for itself.
    const { item, problems } = json.type === 'EDS' ? encode(json, PLACEHOLDER) : { item: undefined, problems: [] }
    return {
      // Tag, length and the one byte of the placeholder.
      tail: item?.bytes.subarray(3),
      json,
      endpointsName: item?.endpointsName === PLACEHOLDER,
      sensitive: item?.sensitive === true,
      problems: problems.filter(({ severity }) => severity === 'error'),
    }
  }

  function templateOf(input: ClusterInput, matched: readonly number[]): Template {
    const { settings, service, port } = input
    const isDns = settings.discovery !== 'eds' || service.type === 'ExternalName'
    const spoken = spokenTo(settings, port)
    const key = `${matched.join()} ${isDns} ${spoken}`
    const known = templates.get(settings) ?? new Map<string, Template>()
    templates.set(settings, known)
    const found = known.get(key)
    if (found) return found
    const first = SPOKEN[spoken]
    const made = makeTemplate(settings, matched, isDns ? [first] : [first, OVER_ADS])
    known.set(key, made)
    return made
  }

  function compile(input: ClusterInput): Checked<CompiledCluster> {
    const { settings, name, service } = input
    const subject = subjectOf(input)
    const matched = settings.overrides.flatMap((override, i) => (override.matches(subject) ? [i] : []))
    if (matched.some((i) => settings.overrides[i]?.cluster === undefined)) return suppressed
    const template = templateOf(input, matched)
    const annotation = takesAnnotation(settings) ? service.annotations[ANNOTATION] : undefined
    const isPlain = annotation === undefined && template.endpointsName && template.tail !== undefined
    if (isPlain && template.tail) return ok(named(template.tail, name, template.sensitive))
    if (!template.tail && template.problems.length > 0) return failed(place(input, template.problems))
    return special(input, template.json, annotation)
  }

  /** A cluster that has more of its own than a name. */
  function special(input: ClusterInput, json: JsonObject, annotation: string | undefined): Checked<CompiledCluster> {
    let own = json
    if (annotation !== undefined) {
      const page = readPage(annotation, { site: input.site, object: objectKey(input.service), key: ANNOTATION })
      const part = page.problems.length > 0 ? page : readCluster(page, '', page.value)
      if (part.value === undefined) return failed(part.problems)
      own = merge(own, asObject(part.value))
    }
    const { item, problems } = encode(withAddress(input, own), input.name)
    if (!item) return failed(place(input, problems))
    const { bytes, endpointsName, sensitive } = item
    return ok(resource({ type: CLUSTER, name: input.name, bytes, endpointsName, sensitive }))
  }

  return (input) => {
    const ofSettings =
      compiled.get(input.settings) ?? new WeakMap<ServiceObject, Map<string, Checked<CompiledCluster>>>()
    compiled.set(input.settings, ofSettings)
    const ofService = ofSettings.get(input.service) ?? new Map<string, Checked<CompiledCluster>>()
    ofSettings.set(input.service, ofService)
    const known = ofService.get(input.name)
    if (known) return known
    const made = compile(input)
    ofService.set(input.name, made)
    return made
  }
}

const suppressed: Checked<CompiledCluster> = { value: { resource: undefined, failed: false }, problems: [] }
const ok = (made: Resource): Checked<CompiledCluster> => ({ value: { resource: made, failed: false }, problems: [] })
const failed = (problems: readonly Problem[]): Checked<CompiledCluster> => ({
  value: { resource: undefined, failed: true },
  problems,
})

function named(tail: Uint8Array, name: string, sensitive: boolean): Resource {
  const text = Buffer.from(name)
  const length = text.length < 128 ? [text.length] : [(text.length & 127) | 128, text.length >> 7]
  const bytes = Buffer.concat([Buffer.from([0x0a, ...length]), text, tail])
  return resource({ type: CLUSTER, name, bytes, endpointsName: name, sensitive })
}

function subjectOf({ name, site, service, port }: ClusterInput): Subject {
  const { namespace, labels } = service
  return {
    cluster: name,
    namespace,
    service: service.name,
    site,
    port: port.port,
    portName: port.name,
    protocol: port.protocol,
    labels,
  }
}

const HTTP2_PROTOCOLS = new Set(['kubernetes.io/h2c', 'h2c', 'http2', 'grpc'])
const HTTP1_PROTOCOLS = new Set(['http', 'http/1.1', 'http1'])

/**
 * What the Service says of its port goes first. Without a word Kubenvoy spoke HTTP/2 to all, so that plain HTTP services never
 * worked; its users get what each request came in: HTTP/2 (gRPC) stays HTTP/2, and HTTP/1.1 is answered as well.
 */
function spokenTo({ kubenvoy }: FleetSettings, { appProtocol }: ServicePort): Spoken {
  if (appProtocol !== undefined && HTTP2_PROTOCOLS.has(appProtocol)) return 'http2'
  const isHttp1 = appProtocol !== undefined && HTTP1_PROTOCOLS.has(appProtocol)
  return kubenvoy && !isHttp1 ? 'asked' : 'plain'
}

const takesAnnotation = (settings: FleetSettings): boolean =>
  settings.kubenvoy || settings.naming.some(({ template }) => template.startsWith('kubenvoy://'))

/** A problem of the settings shows up at each Service: its place is the Service that it kept from being a cluster. */
const place = ({ site, service, name }: ClusterInput, problems: readonly Problem[]): readonly Problem[] =>
  problems.map((problem) => ({
    ...problem,
    message: `cluster "${name}": ${problem.message}`,
    place: { site, object: objectKey(service), ...(problem.place.path ? { path: problem.place.path } : {}) },
  }))

const DNS_TYPES = new Set<unknown>(['STRICT_DNS', 'LOGICAL_DNS'])

/** A cluster that asks DNS (gRPC knows logical DNS only) gets the Service's name to ask for, unless its base has addresses of its own. */
function withAddress({ settings, name, service, port }: ClusterInput, json: JsonObject): JsonObject {
  const isExternal = service.type === 'ExternalName'
  const wantsDns = settings.discovery !== 'eds' || isExternal
  if (!wantsDns && !DNS_TYPES.has(json.type)) return json
  const { eds_cluster_config: _, ...kept } = json
  const type = DNS_TYPES.has(json.type)
    ? json.type
    : settings.discovery === 'logical_dns' || settings.grpc
      ? 'LOGICAL_DNS'
      : 'STRICT_DNS'
  if (json.load_assignment !== undefined) return { ...kept, type }
  const address = isExternal ? (service.externalName ?? '') : `${service.name}.${service.namespace}.svc.cluster.local.`
  // DNS of a headless Service leads to the pods themselves, so the port must be theirs.
  const number = service.headless && typeof port.targetPort === 'number' ? port.targetPort : port.port
  const endpoint = { address: { socket_address: { address, port_value: number } } }
  return { ...kept, type, load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint }] }] } }
}
