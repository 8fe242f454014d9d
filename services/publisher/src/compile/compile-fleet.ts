// A fleet's definition and the catalog → the entries of its set, the endpoint names that it links to, and what is wrong.
// Pure. What can't be compiled keeps the form that was committed last; the rest goes out (design rule 5).
import type { ServiceKey } from '@fleetcast/shared/catalog/catalog'
import type { Known } from '@fleetcast/shared/envoy/check-references'
import type { SecretObject, ServiceObject, ServicePort } from '@fleetcast/shared/objects/object'
import type { Checked, Problem } from '@fleetcast/shared/objects/problem'
import type { Resource } from '@fleetcast/shared/resources/resource'
import { CLUSTER, ENDPOINTS, EXTENSION, ROUTES, SECRET } from '@fleetcast/shared/resources/types'
import { viewSet } from '@fleetcast/shared/store/directory'
import { type Entry, type EntryKey, entryKey, isLink } from '@fleetcast/shared/store/set-store'
import { settleNatives } from '../check/settle-natives.ts'
import { nameOf, type PortRef, refsOf } from '../fleets/naming.ts'
import type { FleetDefinition, NativeResource } from '../fleets/read-fleet.ts'
import type { FleetSettings } from '../fleets/settings.ts'
import { findPort } from '../views/compile-endpoints.ts'
import { type ViewId, viewId } from '../views/views.ts'
import type { CompileCluster } from './compile-clusters.ts'
import type { CompileSecret } from './compile-secrets.ts'

/** The Services of all sites, as far as a fleet needs them. */
export interface Services {
  keys(): Iterable<ServiceKey>
  objects(key: ServiceKey): ReadonlyMap<string, ServiceObject>
}

export interface FleetInput {
  readonly definition: FleetDefinition
  readonly settings: FleetSettings
  readonly services: Services
  /** Secrets of all sites, by site. */
  readonly secrets: Iterable<readonly [site: string, secret: SecretObject]>
  /** False while a site is not synced: what is missing may yet come. */
  readonly settled: boolean
  /** What the set holds now, for what can't be compiled and was not by this process before. */
  readonly committed: ReadonlyMap<EntryKey, Entry>
  /** False where what holds a secret can't be kept sealed. */
  readonly acceptsSecrets: boolean
  /** Memoised: hashed once for each reading of its text. */
  readonly encodeNative: (native: NativeResource) => Resource
  /** Of a resource that is known by its bytes only. */
  readonly referencesOf: (resource: Resource) => NativeResource['references']
  readonly compileCluster: CompileCluster
  readonly compileSecret: CompileSecret
}

export interface CompiledFleet {
  readonly entries: ReadonlyMap<EntryKey, Entry>
  readonly view: ViewId
  /** Names of the view's assignments that the fleet links to. */
  readonly links: ReadonlySet<string>
  /** Services whose change may change the fleet, beside those that its settings choose. */
  readonly watched: ReadonlySet<ServiceKey>
  readonly problems: readonly Problem[]
}

/** The API server's own Service is never exposed unless asked for by name. */
const API_SERVER: ServiceKey = 'default/kubernetes'

interface Found {
  readonly name: string
  readonly site: string
  readonly service: ServiceObject
  readonly port: ServicePort
}

export function compileFleet(input: FleetInput): CompiledFleet {
  const { definition, settings } = input
  const problems: Problem[] = [...definition.problems]
  const entries = new Map<EntryKey, Entry>()
  const watched = new Set<ServiceKey>()
  const view = viewId(settings.view)
  const resolves = (name: string): boolean => resolve(input, name, watched).length > 0
  addSecrets(input, entries, problems)
  const natives = nativesOf(input, entries, resolves, watched)
  problems.push(...natives.problems)
  for (const native of natives.value) {
    if (native.sensitive && !input.acceptsSecrets) problems.push(unsealed(native))
    else add(entries, input.encodeNative(native))
  }
  addServiceClusters(input, natives.value, entries, watched, problems)
  const links = linksOf(natives.value, entries, resolves)
  for (const name of links) {
    entries.set(entryKey({ type: ENDPOINTS, name }), { type: ENDPOINTS, name, link: viewSet(view) })
  }
  return { entries, view, links, watched, problems }
}

const add = (entries: Map<EntryKey, Entry>, entry: Entry): void => {
  entries.set(entryKey(entry), entry)
}

/** Design rule 8: in Redis a secret stands sealed or not at all. */
const unsealed = ({ name, place }: NativeResource): Problem => ({
  severity: 'error',
  code: 'secret',
  message: `"${name}" holds a secret and there is no seal key (FLEETCAST_SEAL_KEY): it is left out`,
  place,
})

function addSecrets(input: FleetInput, entries: Map<EntryKey, Entry>, problems: Problem[]): void {
  for (const [site, secret] of input.secrets) {
    const { value, problems: wrong } = input.compileSecret(site, secret)
    problems.push(...wrong)
    const made = wrong.length > 0 ? [] : value
    // A Secret of one name in two sites: the first site has it.
    for (const each of made) if (!entries.has(entryKey(each))) add(entries, each)
    if (wrong.length > 0) keep(entries, input.committed, SECRET, `${secret.namespace}/${secret.name}`)
  }
}

function addServiceClusters(
  input: FleetInput,
  natives: readonly NativeResource[],
  entries: Map<EntryKey, Entry>,
  watched: Set<ServiceKey>,
  problems: Problem[],
): void {
  const { settings, services, committed } = input
  const wanted: Found[] = []
  if (settings.services.kind !== 'referred') {
    for (const key of services.keys()) {
      if (key !== API_SERVER) wanted.push(...chosen(settings, services.objects(key)))
    }
  }
  for (const [name, carriesTraffic] of referredClusters(natives)) {
    const [first] = resolve(input, name, watched)
    if (first) wanted.push(first)
    else {
      keep(entries, committed, CLUSTER, name)
      // A cluster to come must be there before its Service is, or Envoy refuses the listener that leads to it.
      if (carriesTraffic) wanted.push(...placeholder(settings, name))
    }
  }
  for (const { name, site, service, port } of wanted) {
    if (entries.has(entryKey({ type: CLUSTER, name }))) continue
    const { value, problems: wrong } = input.compileCluster({ settings, name, site, service, port })
    problems.push(...wrong)
    if (value.resource) add(entries, value.resource)
    else if (value.failed) keep(entries, committed, CLUSTER, name)
  }
}

/** The clusters of a Service that the settings choose: of the first site that has it, or of each where names tell sites apart. */
function chosen(settings: FleetSettings, bySite: ReadonlyMap<string, ServiceObject>): readonly Found[] {
  const found: Found[] = []
  for (const [site, service] of inOrder(settings, bySite)) {
    if (!isChosen(settings, service)) continue
    for (const port of service.ports) {
      const names = { ...port, namespace: service.namespace, service: service.name, site, portName: port.name }
      for (const naming of settings.naming) {
        const name = nameOf(naming, names)
        if (name !== undefined) found.push({ name, site, service, port })
      }
    }
  }
  return found
}

export function isChosen({ services }: FleetSettings, service: ServiceObject): boolean {
  if (services.kind === 'all') return true
  if (services.kind === 'referred') return false
  const { namespaces, selects } = services
  return selects(service.labels) && (namespaces.length === 0 || namespaces.some((has) => has(service.namespace)))
}

function inOrder(
  { view }: FleetSettings,
  bySite: ReadonlyMap<string, ServiceObject>,
): readonly (readonly [string, ServiceObject])[] {
  if (bySite.size < 2) return [...bySite]
  const rank = (site: string): number => {
    const at = view.sites.order.indexOf(site)
    return at < 0 ? view.sites.order.length : at
  }
  return [...bySite].sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
}

/** Which Service ports a name may stand for; every Service it could mean is watched, there or not. */
function resolve({ settings, services }: FleetInput, name: string, watched: Set<ServiceKey>): readonly Found[] {
  return settings.naming
    .flatMap((naming) => refsOf(naming, name))
    .flatMap((ref) => {
      const key = `${ref.namespace}/${ref.service}`
      watched.add(key)
      return inOrder(settings, services.objects(key)).flatMap(([site, service]) => found(name, ref, site, service))
    })
}

function found(name: string, ref: PortRef, site: string, service: ServiceObject): readonly Found[] {
  if (ref.site !== undefined && ref.site !== site) return []
  const port = findPort(service.ports, ref)
  return port ? [{ name, site, service, port }] : []
}

/** The clusters that are referred to by name, and whether traffic goes there: others may stand in Envoy's bootstrap. */
function referredClusters(natives: readonly NativeResource[]): ReadonlyMap<string, boolean> {
  const names = new Map<string, boolean>()
  for (const { references } of natives) {
    for (const { kind, name, source, carriesTraffic } of references) {
      if (kind === 'cluster') names.set(name, names.get(name) === true || (source === 'ads' && carriesTraffic))
    }
  }
  return names
}

/** The Service that a name stands for, as if it were there. */
function placeholder(settings: FleetSettings, name: string): readonly Found[] {
  const [ref] = settings.naming.flatMap((naming) => refsOf(naming, name))
  if (!ref) return []
  const number = Number(ref.port)
  const isNumber = Number.isInteger(number) && number > 0 && number < 65_536
  // Without EDS nobody can tell the port of a Service that is not there.
  if (settings.discovery !== 'eds' && !isNumber) return []
  const port: ServicePort = isNumber
    ? { port: number, protocol: ref.protocol }
    : { name: ref.port, port: 0, protocol: ref.protocol }
  const service: ServiceObject = {
    kind: 'Service',
    namespace: ref.namespace,
    name: ref.service,
    labels: {},
    annotations: {},
    type: 'ClusterIP',
    headless: false,
    clusterIPs: [],
    ipFamilies: [],
    ports: [port],
  }
  return [{ name, site: ref.site ?? '', service, port }]
}

/** Every cluster that takes its endpoints from here, unless the fleet brings the assignment itself. */
function linksOf(
  natives: readonly NativeResource[],
  entries: ReadonlyMap<EntryKey, Entry>,
  resolves: (name: string) => boolean,
): ReadonlySet<string> {
  const links = new Set<string>()
  const isOwn = (name: string): boolean => entries.has(entryKey({ type: ENDPOINTS, name }))
  for (const entry of entries.values()) {
    if (!isLink(entry) && entry.endpointsName !== undefined && !isOwn(entry.endpointsName))
      links.add(entry.endpointsName)
  }
  // Asked for on a stream of its own: it may be another server's, so only what is known here is linked.
  for (const { references } of natives) {
    for (const { kind, name } of references) {
      if (kind === 'endpoints' && !links.has(name) && !isOwn(name) && resolves(name)) links.add(name)
    }
  }
  return links
}

function keep(
  entries: Map<EntryKey, Entry>,
  committed: ReadonlyMap<EntryKey, Entry>,
  type: string,
  name: string,
): void {
  const key = entryKey({ type, name })
  const held = committed.get(key)
  if (held && !isLink(held) && !entries.has(key)) entries.set(key, held)
}

function nativesOf(
  input: FleetInput,
  secrets: ReadonlyMap<EntryKey, Entry>,
  resolves: (name: string) => boolean,
  watched: Set<ServiceKey>,
): Checked<readonly NativeResource[]> {
  const { definition, settings, settled, committed, encodeNative, referencesOf } = input
  const own = new Set(definition.natives.map(entryKey))
  const has = (type: string) => (name: string) => own.has(entryKey({ type, name }))
  const isCluster = (name: string): boolean => {
    const [first] = resolve(input, name, watched)
    const value = first && input.compileCluster({ settings, ...first }).value
    return value?.resource !== undefined || value?.failed === true
  }
  const known: Known = {
    clusters: { has: (name) => has(CLUSTER)(name) || isCluster(name) },
    routes: { has: has(ROUTES) },
    secrets: { has: (name) => has(SECRET)(name) || secrets.has(entryKey({ type: SECRET, name })) },
    extensions: { has: has(EXTENSION) },
    endpoints: { has: (name) => has(ENDPOINTS)(name) || resolves(name) },
  }
  const isPlaceholder = (name: string): boolean => placeholder(settings, name).length > 0
  return settleNatives({
    natives: definition.natives,
    known,
    settled,
    committed,
    isPlaceholder,
    encodeNative,
    referencesOf,
  })
}
