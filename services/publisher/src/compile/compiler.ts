// The compiler: the whole world in, the wanted contents of every set out. It has memory (what was compiled, what was last
// good) but no clock, no I/O and no store: the same objects give the same sets. Work is done when a set is asked for.
import type { ServiceKey } from '@fleetcast/shared/catalog/catalog'
import type { EnvoyTypes } from '@fleetcast/shared/envoy/types'
import type { SecretObject } from '@fleetcast/shared/objects/object'
import type { Problem } from '@fleetcast/shared/objects/problem'
import { type Resource, resource } from '@fleetcast/shared/resources/resource'
import { type DirectoryFleet, fleetSet, viewSet } from '@fleetcast/shared/store/directory'
import type { Entry, EntryKey, SetName } from '@fleetcast/shared/store/set-store'
import { createCatalog } from '../catalog/catalog.ts'
import { type DocumentText, factsOf, type ReadFleetDocument } from '../fleets/document.ts'
import { createFleetIndex, type Source } from '../fleets/fleet-index.ts'
import {
  type FleetDefinition,
  type LastGood,
  type NativeResource,
  NOTHING_GOOD,
  readFleet,
} from '../fleets/read-fleet.ts'
import { compileEndpoints } from '../views/compile-endpoints.ts'
import { createViews, servicesOf, type View, type ViewId } from '../views/views.ts'
import { byText } from '../world/order.ts'
import type { WorldChange } from '../world/world.ts'
import { createCompileCluster } from './compile-clusters.ts'
import { type CompiledFleet, compileFleet } from './compile-fleet.ts'
import { createCompileGrpc, isNamedTarget } from './compile-grpc.ts'
import { createCompileSecret } from './compile-secrets.ts'
import { encodeAssignment } from './encode-assignment.ts'
import { isChosen } from './find-services.ts'
import { createReadCluster } from './read-cluster.ts'
import { createServiceParts } from './service-parts.ts'

export interface CompilerOptions {
  readonly types: EnvoyTypes
  readonly sealKey?: Uint8Array | undefined
  /** False where what holds a secret can't be kept sealed: it is a problem then, and left out. */
  readonly acceptsSecrets: boolean
  readonly read: ReadFleetDocument
  /** True for a text that would take long to read here: what was read before counts until it was prepared. */
  readonly isPending?: (text: DocumentText) => boolean
  /** What a fleet's set holds now. */
  readonly committed: (fleet: string) => ReadonlyMap<EntryKey, Entry>
  /** False while a site is not synced. */
  readonly settled: () => boolean
}

/** Names by view, and fleets, that must be compiled anew. */
export interface Touched {
  readonly fleets: Set<string>
  readonly views: Map<ViewId, Set<string>>
}

export interface Compiler {
  apply(changes: readonly WorldChange[], sites: ReadonlySet<string>): Touched
  /** Every fleet that has a ConfigMap now. */
  fleets(): readonly string[]
  /** The texts that the fleet is made of now. */
  texts(fleet: string): readonly DocumentText[]
  /** Undefined for a fleet that is gone, or can't be published. What else it touches is added to `touched`. */
  fleet(name: string, touched: Touched): CompiledFleet | undefined
  /** Names of a fleet as it was committed: their assignments stay. */
  holdCommitted(fleet: string, links: ReadonlyMap<ViewId, ReadonlySet<string>>, touched: Touched): void
  /** What was last good of a fleet before this process: to be given before the fleet is first asked for. */
  restore(fleet: string, good: LastGood): void
  /** Undefined for a fleet that was never asked for, or is gone. */
  good(fleet: string): LastGood | undefined
  view(id: ViewId): View | undefined
  views(): Iterable<ViewId>
  /** The assignment of a name; undefined where the name is not held, or the view's settings are not known. */
  assignment(id: ViewId, name: string): Resource | undefined
  /**
   * True for a name whose Services are gone and that no fleet links to as it is now, only as it was committed: its endpoints
   * are still in use until that fleet is committed anew (design rule 6).
   */
  isLeaving(id: ViewId, name: string, touched: Touched): boolean
  directoryEntry(fleet: string): Omit<DirectoryFleet, 'views' | 'retired'> | undefined
  /** What is wrong with what the set was made of, as far as it was made. */
  problems(set: SetName): readonly Problem[]
}

interface FleetState {
  definition: FleetDefinition | undefined
  compiled: CompiledFleet | undefined
  /** What was compiled before it. */
  previous: CompiledFleet | undefined
  isRead: boolean
}

export const untouched = (): Touched => ({ fleets: new Set(), views: new Map() })

export function createCompiler(options: CompilerOptions): Compiler {
  const { types, sealKey, acceptsSecrets, read, isPending = () => false, committed, settled } = options
  const catalog = createCatalog()
  const index = createFleetIndex()
  const views = createViews()
  const secrets = new Map<string, Map<string, SecretObject>>()
  const fleets = new Map<string, FleetState>()
  const lastGood = new Map<string, LastGood>()
  const readCluster = createReadCluster(types)
  const compileGrpc = createCompileGrpc(types)
  const serviceParts = createServiceParts(createCompileCluster(types), compileGrpc)
  const compileSecret = createCompileSecret(types, sealKey)
  const natives = new WeakMap<Uint8Array, Resource>()
  const endpointProblems = new Map<ViewId, Map<string, readonly Problem[]>>()
  let sites: readonly string[] = []

  const stateOf = (name: string): FleetState => {
    const known = fleets.get(name)
    if (known) return known
    const made: FleetState = { definition: undefined, compiled: undefined, previous: undefined, isRead: false }
    fleets.set(name, made)
    return made
  }
  const encodeNative = (native: NativeResource): Resource => {
    const known = natives.get(native.bytes)
    if (known) return known
    const made = resource({ ...native, sealKey })
    natives.set(native.bytes, made)
    return made
  }

  function touchServices(keys: readonly ServiceKey[], touched: Touched): void {
    for (const key of keys) {
      for (const [id, names] of views.namesOf(key)) for (const name of names) touchName(touched, id, name)
    }
  }
  function touchFleets(change: WorldChange, touched: Touched): void {
    const object = change.after ?? change.before
    if (object?.kind === 'Service') {
      const key = `${object.namespace}/${object.name}`
      for (const [name, state] of fleets) if (usesService(state, key, change)) touchFleet(name, touched)
    }
    if (object?.kind === 'Secret') {
      applySecret(change)
      for (const [name, { definition }] of fleets) {
        if (definition?.namespaces.includes(object.namespace)) touchFleet(name, touched)
      }
    }
    for (const name of index.apply(change)) {
      stateOf(name).isRead = false
      touchFleet(name, touched)
    }
  }
  /** The ports of slices, which hardly ever change, tell gRPC's servers the number of a target port that is a name. */
  function touchServers({ before, after }: WorldChange, keys: readonly ServiceKey[], touched: Touched): void {
    const serving = [...fleets].filter(([, { definition }]) => definition?.settings?.grpc)
    if (serving.length === 0) return
    const [from, to] = [before, after].map((slice) => slice && 'endpoints' in slice && JSON.stringify(slice.ports))
    const services = from === to ? [] : keys.flatMap((key) => [...catalog.objects(key).values()])
    if (!services.some(({ ports }) => ports.some(isNamedTarget))) return
    for (const [name] of serving) touchFleet(name, touched)
  }
  function touchFleet(name: string, touched: Touched): void {
    stateOf(name).compiled = undefined
    touched.fleets.add(name)
  }
  function applySecret({ site, key, after }: WorldChange): void {
    const ofSite = secrets.get(site) ?? new Map<string, SecretObject>()
    secrets.set(site, ofSite)
    if (after?.kind === 'Secret') ofSite.set(key, after)
    else ofSite.delete(key)
  }
  function* secretsOf(namespaces: readonly string[]): Iterable<readonly [string, SecretObject]> {
    for (const site of sites) {
      for (const secret of secrets.get(site)?.values() ?? []) {
        if (namespaces.includes(secret.namespace)) yield [site, secret]
      }
    }
  }

  function keepProblems(id: ViewId, name: string, found: readonly Problem[]): void {
    const ofView = endpointProblems.get(id)
    if (found.length > 0) endpointProblems.set(id, (ofView ?? new Map<string, readonly Problem[]>()).set(name, found))
    else ofView?.delete(name)
  }

  function definitionOf(name: string, state: FleetState): FleetDefinition | undefined {
    if (state.isRead) return state.definition
    const sources = index.sources(name)
    if (state.definition && textsOf(sources).some(isPending)) return state.definition
    state.isRead = true
    // It may have been compiled again from what was read before, while its text was pending.
    state.compiled = undefined
    state.definition =
      sources.length === 0
        ? undefined
        : readFleet({ name, sources, last: lastGood.get(name) ?? NOTHING_GOOD, read, readCluster })
    if (state.definition) lastGood.set(name, state.definition.good)
    return state.definition
  }

  function compileNow(name: string, touched: Touched): CompiledFleet | undefined {
    const state = stateOf(name)
    const definition = definitionOf(name, state)
    const holder = `${COMPILED}${name}`
    if (!definition?.settings) {
      // A fleet that is retired keeps what was committed: that is held by itself.
      for (const id of views.heldBy(holder)) touchNames(touched, id, views.hold(holder, id, new Set()))
      if (!definition) fleets.delete(name)
      return undefined
    }
    const { settings } = definition
    state.compiled ??= compileFleet({
      definition,
      settings,
      services: catalog,
      secrets: secretsOf(definition.namespaces),
      settled: settled(),
      committed: committed(name),
      previous: state.previous,
      acceptsSecrets,
      encodeNative,
      factsOf: (held) => factsOf(types, held),
      serviceParts,
      compileGrpc,
      compileSecret,
    })
    state.previous = state.compiled
    const { view, links } = state.compiled
    for (const id of views.heldBy(holder)) {
      if (id !== view) touchNames(touched, id, views.hold(holder, id, new Set()))
    }
    touchNames(touched, view, views.hold(holder, view, links, settings.view))
    return state.compiled
  }

  return {
    apply(changes, syncedSites) {
      const touched = untouched()
      if (syncedSites.size !== sites.length) {
        sites = [...syncedSites].sort(byText)
        // What was missing may be there now, or be missed for good.
        for (const name of fleets.keys()) touchFleet(name, touched)
      }
      for (const change of changes) {
        const keys = catalog.apply(change)
        touchServices(keys, touched)
        touchServers(change, keys, touched)
        touchFleets(change, touched)
      }
      return touched
    },
    fleets: () => [...index.names()].sort(byText),
    texts: (name) => textsOf(index.sources(name)),
    fleet: compileNow,
    holdCommitted(fleet, links, touched) {
      const holder = `${COMMITTED}${fleet}`
      for (const id of views.heldBy(holder)) {
        if (!links.has(id)) touchNames(touched, id, views.hold(holder, id, new Set()))
      }
      for (const [id, names] of links) touchNames(touched, id, views.hold(holder, id, names))
    },
    restore(fleet, good) {
      if (!lastGood.has(fleet)) lastGood.set(fleet, good)
    },
    good: (fleet) => (index.sources(fleet).length > 0 ? lastGood.get(fleet) : undefined),
    view: (id) => views.view(id),
    views: () => views.ids(),
    assignment(id, name) {
      const view = views.view(id)
      if (!view?.settings || !view.names.has(name)) return undefined
      const { settings, naming } = view
      const found: Problem[] = []
      const service = (site: string, key: ServiceKey) => {
        const checked = catalog.service(site, key)
        found.push(...(checked?.problems ?? []))
        return checked?.value
      }
      const made = encodeAssignment(compileEndpoints(name, { settings, naming, sites, service }))
      keepProblems(id, name, found)
      return made
    },
    isLeaving(id, name, touched) {
      const view = views.view(id)
      const isThere = (key: ServiceKey): boolean => sites.some((site) => catalog.service(site, key) !== undefined)
      if (!view || servicesOf(view.naming, name).some(isThere)) return false
      const holders = (): readonly string[] => [...(view.names.get(name) ?? [])]
      const committedTo = holders().flatMap((holder) => nameIn(holder, COMMITTED) ?? [])
      // What took the Services may have changed the fleet as well.
      for (const fleet of committedTo) compileNow(fleet, touched)
      return committedTo.length > 0 && holders().every((holder) => holder.startsWith(COMMITTED))
    },
    directoryEntry(name) {
      const settings = definitionOf(name, stateOf(name))?.settings
      if (!settings) return undefined
      return { name, ...(settings.nodes && { nodes: settings.nodes }), removeAfterMs: settings.removeAfterMs }
    },
    problems(set) {
      const [view, fleet] = [nameIn(set, viewSet('')), nameIn(set, fleetSet(''))]
      if (view !== undefined) return [...(endpointProblems.get(view)?.values() ?? [])].flat()
      const state = fleet === undefined ? undefined : fleets.get(fleet)
      return state?.compiled?.problems ?? state?.definition?.problems ?? []
    },
  }
}

/** Who holds names of views: a fleet as it is compiled now, and as it was committed. */
const COMPILED = 'compiled '
const COMMITTED = 'committed '

const textsOf = (sources: readonly Source[]): readonly DocumentText[] =>
  sources.flatMap(({ object }) => Object.entries(object.data).map(([key, text]) => ({ key, text })))

const nameIn = (set: string, prefix: string): string | undefined =>
  set.startsWith(prefix) ? set.slice(prefix.length) : undefined

function usesService({ definition, compiled }: FleetState, key: ServiceKey, { before, after }: WorldChange): boolean {
  // Not compiled since its last change: it will be.
  if (!compiled || !definition?.settings || compiled.watched.has(key)) return true
  const { settings } = definition
  return [before, after].some((object) => object?.kind === 'Service' && isChosen(settings, object))
}

export function touchName(touched: Touched, view: ViewId, name: string): void {
  const names = touched.views.get(view)
  if (names) names.add(name)
  else touched.views.set(view, new Set([name]))
}

const touchNames = (touched: Touched, view: ViewId, names: readonly string[]): void => {
  for (const name of names) touchName(touched, view, name)
}

/** The sets that were touched. */
export const setsOf = ({ fleets, views }: Touched): readonly SetName[] => [
  ...[...views.keys()].map(viewSet),
  ...[...fleets].map(fleetSet),
]
