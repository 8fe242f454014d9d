// A fleet's definition and the catalog → the entries of its set, the endpoint names that it links to, and what is wrong.
// Pure. What can't be compiled keeps the form that was committed last; the rest goes out (design rule 5).
import type { ServiceKey } from '@fleetcast/shared/catalog/catalog'
import type { Known } from '@fleetcast/shared/envoy/check-references'
import type { SecretObject } from '@fleetcast/shared/objects/object'
import type { Checked, Problem } from '@fleetcast/shared/objects/problem'
import type { Resource } from '@fleetcast/shared/resources/resource'
import { CLUSTER, ENDPOINTS, EXTENSION, ROUTES, SECRET } from '@fleetcast/shared/resources/types'
import { viewSet } from '@fleetcast/shared/store/directory'
import { type Entry, type EntryKey, entryKey, isLink } from '@fleetcast/shared/store/set-store'
import { settleAddresses } from '../check/settle-addresses.ts'
import { settleNatives } from '../check/settle-natives.ts'
import type { Facts } from '../fleets/document.ts'
import type { FleetDefinition, NativeResource } from '../fleets/read-fleet.ts'
import type { FleetSettings } from '../fleets/settings.ts'
import { type ViewId, viewId } from '../views/views.ts'
import { type CompileGrpc, type GrpcPart, isNamedTarget } from './compile-grpc.ts'
import type { CompileSecret } from './compile-secrets.ts'
import { chosenServices, isChosen, placeholder, resolve, type Services } from './find-services.ts'
import { type ClusterPart, linkTo, type ServiceParts } from './service-parts.ts'

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
  /** What was compiled before, where anything was. */
  readonly previous: CompiledFleet | undefined
  /** False where what holds a secret can't be kept sealed. */
  readonly acceptsSecrets: boolean
  /** Memoised: hashed once for each reading of its text. */
  readonly encodeNative: (native: NativeResource) => Resource
  /** Of a resource that is known by its bytes only. */
  readonly factsOf: (resource: Resource) => Facts
  readonly serviceParts: ServiceParts
  readonly compileGrpc: CompileGrpc
  readonly compileSecret: CompileSecret
}

export interface CompiledFleet {
  readonly entries: ReadonlyMap<EntryKey, Entry>
  readonly view: ViewId
  /** Names of the view's assignments that the fleet links to; the same object for as long as they are the same. */
  readonly links: ReadonlySet<string>
  /** Services whose change may change the fleet, beside those that its settings choose. */
  readonly watched: ReadonlySet<ServiceKey>
  readonly problems: readonly Problem[]
}

/** What is being put together. */
interface Draft {
  readonly entries: Map<EntryKey, Entry>
  readonly links: Set<string>
  readonly watched: Set<ServiceKey>
  readonly problems: Problem[]
}

export function compileFleet(input: FleetInput): CompiledFleet {
  const { definition, settings, previous } = input
  const draft: Draft = { entries: new Map(), links: new Set(), watched: new Set(), problems: [...definition.problems] }
  const view = viewId(settings.view)
  addSecrets(input, draft)
  const natives = settle(input, draft)
  for (const native of natives) {
    if (native.sensitive && !input.acceptsSecrets) draft.problems.push(unsealed(native))
    else draft.entries.set(entryKey(native), input.encodeNative(native))
  }
  addReferredClusters(input, natives, draft)
  addLinks(input, natives, viewSet(view), draft)
  addChosenClusters(input, draft)
  addServers(input, draft)
  const { entries, links, watched, problems } = draft
  const isSame = previous !== undefined && previous.links.size === links.size && links.isSubsetOf(previous.links)
  return { entries, view, links: isSame ? previous.links : links, watched, problems }
}

/** Design rule 8: in Redis a secret stands sealed or not at all. */
const unsealed = ({ name, place }: NativeResource): Problem => ({
  severity: 'error',
  code: 'secret',
  message: `"${name}" holds a secret and there is no seal key (FLEETCAST_SEAL_KEY): it is left out`,
  place,
})

function addSecrets(input: FleetInput, { entries, problems }: Draft): void {
  for (const [site, secret] of input.secrets) {
    const { value, problems: wrong } = input.compileSecret(site, secret)
    problems.push(...wrong)
    const made = wrong.length > 0 ? [] : value
    // A Secret of one name in two sites: the first site has it.
    for (const each of made) if (!entries.has(entryKey(each))) entries.set(entryKey(each), each)
    if (wrong.length === 0) continue
    const id = `${secret.namespace}/${secret.name}`
    for (const name of [id, `${id}/ca`]) keep(entries, input.committed, SECRET, name)
  }
}

function addReferredClusters(input: FleetInput, natives: readonly NativeResource[], draft: Draft): void {
  const { settings, services, committed } = input
  for (const [name, carriesTraffic] of referredClusters(natives)) {
    if (draft.entries.has(entryKey({ type: CLUSTER, name }))) continue
    const [first] = resolve(settings, services, name, draft.watched)
    if (!first) keep(draft.entries, committed, CLUSTER, name)
    // A cluster to come must be there before its Service is, or Envoy refuses the listener that leads to it.
    const found = first ?? (carriesTraffic ? placeholder(settings, name) : undefined)
    if (found) addPart(input, input.serviceParts.part({ settings, ...found }), draft)
  }
}

function addChosenClusters(input: FleetInput, draft: Draft): void {
  const { settings, services, serviceParts } = input
  for (const [site, service] of chosenServices(settings, services)) {
    for (const part of serviceParts.parts(settings, site, service)) {
      if (addPart(input, part, draft) && part.link && !draft.entries.has(part.link.key)) {
        draft.entries.set(part.link.key, part.link.entry)
        draft.links.add(part.link.entry.name)
      }
      // Also to a cluster that was written by hand, but to none that is left out.
      if (part.grpc.length > 0 && draft.entries.has(part.key)) addGrpcParts(input, part.grpc, draft)
    }
  }
}

/** gRPC's servers whose addresses no Service tells: the settings name them, or the slices of a target port that is a name. */
function addServers(input: FleetInput, draft: Draft): void {
  const { settings, services, compileGrpc } = input
  const { value, problems } = compileGrpc.servers(settings)
  draft.problems.push(...problems)
  addGrpcParts(input, value, draft)
  if (!settings.grpc) return
  for (const [site, service] of chosenServices(settings, services)) {
    for (const port of service.ports.filter(isNamedTarget)) {
      for (const number of services.targetPorts(site, `${service.namespace}/${service.name}`, port))
        addGrpcParts(input, compileGrpc.serversAt(settings.grpc, number), draft)
    }
  }
}

/** What was written by hand under the same name goes first: that is how a target gets routes of its own. */
function addGrpcParts({ committed }: FleetInput, parts: readonly GrpcPart[], { entries }: Draft): void {
  for (const { key, type, name, resource } of parts) {
    if (entries.has(key)) continue
    if (resource) entries.set(key, resource)
    else keep(entries, committed, type, name)
  }
}

/** False where the name is taken: what was written by hand, and an earlier site, go first. */
function addPart({ committed }: FleetInput, part: ClusterPart, { entries, problems }: Draft): boolean {
  if (entries.has(part.key)) return false
  for (const problem of part.problems) problems.push(problem)
  if (part.resource) entries.set(part.key, part.resource)
  else if (part.failed) keep(entries, committed, CLUSTER, part.name)
  return part.resource !== undefined
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

/** Every cluster that takes its endpoints from here, unless the fleet brings the assignment itself. */
function addLinks(input: FleetInput, natives: readonly NativeResource[], view: string, draft: Draft): void {
  const { entries, links, watched } = draft
  const isOwn = (name: string): boolean => entries.has(entryKey({ type: ENDPOINTS, name }))
  for (const entry of entries.values()) {
    if (!isLink(entry) && entry.endpointsName !== undefined && !isOwn(entry.endpointsName))
      links.add(entry.endpointsName)
  }
  // Asked for on a stream of its own: it may be another server's, so only what is known here is linked.
  for (const { references } of natives) {
    for (const { kind, name } of references) {
      if (kind !== 'endpoints' || links.has(name) || isOwn(name)) continue
      if (resolve(input.settings, input.services, name, watched).length > 0) links.add(name)
    }
  }
  for (const name of links) entries.set(entryKey({ type: ENDPOINTS, name }), linkTo(name, view))
}

/** Puts what was committed where nothing could be made. */
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

/** True for the name of routes that are made for gRPC's clients. */
function isTarget({ settings, services }: FleetInput, name: string): boolean {
  const { grpc } = settings
  // What settings choose is watched as it is.
  const found = grpc ? resolve({ ...settings, naming: grpc.naming }, services, name, new Set()) : []
  return found.some(({ service }) => isChosen(settings, service))
}

/** The form of each native resource that is served, by what its references lead to. */
function settle(input: FleetInput, { entries: secrets, watched, problems }: Draft): readonly NativeResource[] {
  const { definition, settings, services, settled, committed, encodeNative, factsOf } = input
  const own = new Set(definition.natives.map(entryKey))
  const has = (type: string) => (name: string) => own.has(entryKey({ type, name }))
  const found = (name: string) => resolve(settings, services, name, watched)[0]
  const isCluster = (name: string): boolean => {
    const port = found(name)
    const part = port && input.serviceParts.part({ settings, ...port })
    return part?.resource !== undefined || part?.failed === true
  }
  const known: Known = {
    clusters: { has: (name) => has(CLUSTER)(name) || isCluster(name) },
    routes: { has: (name) => has(ROUTES)(name) || isTarget(input, name) },
    secrets: { has: (name) => has(SECRET)(name) || secrets.has(entryKey({ type: SECRET, name })) },
    extensions: { has: has(EXTENSION) },
    endpoints: { has: (name) => has(ENDPOINTS)(name) || found(name) !== undefined },
  }
  const checked: Checked<readonly NativeResource[]> = settleNatives({
    natives: definition.natives,
    known,
    settled,
    committed,
    isPlaceholder: (name) => placeholder(settings, name) !== undefined,
    encodeNative,
    factsOf,
  })
  const apart = settleAddresses({ natives: checked.value, committed, encodeNative, factsOf })
  problems.push(...checked.problems, ...apart.problems)
  return apart.value
}
