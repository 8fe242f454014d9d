// A model of an Envoy as a client, and of what it would complain about: clusters warm until their endpoints come after
// them, listeners and scopes until their routes come, and a route in use never leads to a cluster that is not active; a heartbeat
// is of what it has. Tests only.
import type { Resource, TypeUrl, Version } from '@fleetcast/shared/resources/resource'
import {
  CLUSTER,
  ENDPOINTS,
  EXTENSION,
  LISTENER,
  ROUTES,
  RUNTIME,
  SCOPED_ROUTES,
  SECRET,
  VIRTUAL_HOST,
} from '@fleetcast/shared/resources/types'
import { canonicalName, globOf, isInGlob } from '../../sets/resource-name.ts'
import type { Request, Response, Variant } from '../messages.ts'

/** The types the model takes, as it asks for them. Hosts exist in delta only. */
export const modelTypes = (variant: Variant): readonly TypeUrl[] => [
  ...[CLUSTER, ENDPOINTS, LISTENER, SCOPED_ROUTES, ROUTES, SECRET, EXTENSION, RUNTIME],
  ...(variant === 'delta' ? [VIRTUAL_HOST] : []),
]
const FEATURES = ['xds.config.supports-resource-ttl', 'xds.config.resource-in-sotw']

type Named = Pick<Resource, 'name' | 'aliases'>
interface Held extends Named {
  readonly version: Version
  readonly refs: readonly string[]
}

export interface EnvoyModel {
  readonly variant: Variant
  /** Requests on their way to the server, oldest first. */
  readonly outbox: Request[]
  /** Starts over with a new stream: all types are asked for, with what it holds. */
  connect(aggregated: boolean): void
  /** Takes a response. `refuse`: with a NACK, having applied those resources that `keeps` says. */
  take(response: Response, refuse: boolean, keeps: (name: string) => boolean): void
  /** Asks for names beside what it needs, or no longer, on types that take names. */
  want(type: TypeUrl, names: readonly string[], isWanted: boolean): void
  /** By canonical name. */
  held(type: TypeUrl): ReadonlyMap<string, Held>
  /** It asks for the resource: by wildcard, name, alias or collection. */
  wants(type: TypeUrl, resource: Named): boolean
  /** What is wrong now: routes in use that lead to clusters that are not active. */
  broken(): readonly string[]
  /** Clusters whose endpoints have not come since the cluster did. */
  readonly warming: ReadonlySet<string>
}

interface TypeState {
  readonly held: Map<string, Held>
  names: Set<string>
  nonce: string
  version: Version
  /** Names were said on this stream: from then on everything has to be said, too (rule 27). */
  wasNamed: boolean
}

const refsOf = (bytes: Uint8Array): readonly string[] => {
  const text = Buffer.from(bytes).toString()
  return text.startsWith('{') ? (JSON.parse(text) as { refs: readonly string[] }).refs : []
}

export function createEnvoyModel(variant: Variant, id: string, knowsTtl: boolean): EnvoyModel {
  const types = modelTypes(variant)
  const states = new Map(types.map((type) => [type, newState()]))
  const outbox: Request[] = []
  const warming = new Set<string>()
  const active = new Set<string>()
  /** Routes that each listener and scope runs with: the old ones until all of the new ones are there. */
  const running = new Map<string, readonly string[]>()
  const extra = new Map<TypeUrl, Set<string>>(types.map((type) => [type, new Set()]))
  let isAggregated = true
  const stateOf = (type: TypeUrl): TypeState => states.get(type) ?? newState()
  const node = { id, cluster: 'walk', clientFeatures: knowsTtl ? FEATURES : [], userAgent: 'model' }

  const wildcards = new Set([CLUSTER, LISTENER, SCOPED_ROUTES])
  const wants = (type: TypeUrl, { name, aliases = [] }: Named): boolean => {
    const { names } = stateOf(type)
    if (wildcards.has(type) || names.has(canonicalName(name)) || aliases.some((alias) => names.has(alias))) return true
    return [...names].some((asked) => {
      const glob = globOf(asked)
      return glob !== undefined && isInGlob(glob, name)
    })
  }
  function needed(type: TypeUrl): Set<string> {
    const names = new Set(extra.get(type))
    for (const parent of type === ENDPOINTS ? [CLUSTER] : type === ROUTES ? PARENTS_OF_ROUTES : [])
      for (const { refs } of stateOf(parent).held.values()) for (const name of refs) names.add(name)
    if (type === ROUTES) for (const refs of running.values()) for (const name of refs) names.add(name)
    return names
  }
  function ask(type: TypeUrl, nonce: string, error: boolean): void {
    const state = stateOf(type)
    const names = needed(type)
    const add = [...names].filter((name) => !state.names.has(name))
    const remove = [...state.names].filter((name) => !names.has(name))
    if (nonce === '' && add.length === 0 && remove.length === 0) return
    state.names = names
    state.wasNamed ||= names.size > 0
    // What is no longer asked for is forgotten; a wildcard keeps what it brings.
    for (const [name, held] of state.held) if (!wants(type, held)) state.held.delete(name)
    const shared = { type, node, ...(error ? { error: { code: 3, message: 'refused' } } : {}) }
    if (variant === 'delta')
      outbox.push({ variant, ...shared, nonce, subscribe: add, unsubscribe: remove, initialVersions: undefined })
    else
      outbox.push({
        variant,
        ...shared,
        nonce: nonce || state.nonce,
        versionInfo: state.version,
        ...listOf(type, names),
      })
  }
  const listOf = (type: TypeUrl, wanted: ReadonlySet<string>) => {
    const names = namesOf(type, wanted)
    return { names, namesKey: names.join('\n') }
  }
  const namesOf = (type: TypeUrl, names: ReadonlySet<string>): readonly string[] =>
    wildcards.has(type) && (names.size > 0 || stateOf(type).wasNamed) ? ['*', ...names] : [...names]

  function apply(response: Response, keeps: (name: string) => boolean): void {
    const { type, resources, removed } = response
    const state = stateOf(type)
    if (variant === 'sotw' && wildcards.has(type)) {
      const present = new Set(resources.map(({ name }) => name))
      for (const name of state.held.keys()) if (!present.has(name)) drop(type, name)
    }
    checkTtl(response)
    for (const { name: spelt, version, bytes, endpointsName, aliases } of resources) {
      const name = canonicalName(spelt)
      // What it did not ask for, or no longer does, is ignored.
      if (!keeps(name) || !wants(type, { name, ...(aliases && { aliases }) })) continue
      const before = state.held.get(name)
      if (response.bodiless?.has(spelt)) {
        if (type === VIRTUAL_HOST) state.held.delete(name)
        else if (before !== undefined) checkBeat(response, before, version)
        continue
      }
      const refs = endpointsName === undefined ? refsOf(bytes) : [endpointsName]
      state.held.set(name, { name, version, refs, ...(aliases && { aliases }) })
      if (type === CLUSTER && before?.version !== version) warming.add(name)
      if (type === ENDPOINTS) warm(name)
    }
    // Removals are applied also where something else makes it refuse the response.
    // Envoy ignores removals of endpoints and routes while something refers to them (rule 66).
    for (const name of removed) if (type !== ENDPOINTS) drop(type, canonicalName(name))
    runListeners()
  }
  function checkTtl({ type, resources, ttl, wrapped }: Response): void {
    const isDue = knowsTtl && resources.some(({ ttlSeconds }) => ttlSeconds !== undefined)
    if (ttl !== (isDue || undefined)) throw new Error(`${type}: ${ttl ? 'a TTL' : 'no TTL'}`)
    if (wrapped !== ((isDue && variant === 'sotw') || undefined)) throw new Error(`${type}: wrapped ${wrapped}`)
  }
  /** Without a body any other version than its own would be an update to nothing (rule 82). */
  function checkBeat(response: Response, before: Held, version: Version): void {
    const isKnown = variant === 'delta' || response.version === stateOf(response.type).version
    if (before.version !== version || !isKnown || (variant === 'sotw' && wildcards.has(response.type)))
      throw new Error(`a heartbeat of ${before.name} at another version`)
  }
  function drop(type: TypeUrl, name: string): void {
    stateOf(type).held.delete(name)
    if (type === CLUSTER) {
      warming.delete(name)
      active.delete(name)
    }
    running.delete(`${type} ${name}`)
  }
  function warm(assignment: string): void {
    for (const [cluster, { refs }] of stateOf(CLUSTER).held) {
      if (!refs.includes(assignment)) continue
      warming.delete(cluster)
      active.add(cluster)
    }
  }
  const awaited = (): readonly string[] => [...warming].flatMap((name) => stateOf(CLUSTER).held.get(name)?.refs ?? [])
  function runListeners(): void {
    const routes = stateOf(ROUTES).held
    for (const type of PARENTS_OF_ROUTES)
      for (const [name, { refs }] of stateOf(type).held)
        if (refs.every((route) => routes.has(route))) running.set(`${type} ${name}`, refs)
  }

  return {
    variant,
    outbox,
    warming,
    connect(aggregated) {
      isAggregated = aggregated
      outbox.length = 0
      for (const type of types) {
        const state = stateOf(type)
        state.names = needed(type)
        state.nonce = ''
        state.wasNamed = false
        const names = namesOf(type, state.names)
        state.wasNamed = state.names.size > 0
        // Nothing to ask for yet: the first request comes with the first name.
        if (!wildcards.has(type) && names.length === 0) continue
        const initialVersions = new Map([...state.held].map(([name, { version }]) => [name, version]))
        // It does not claim what a warming cluster is waiting for.
        if (type === ENDPOINTS) for (const name of awaited()) initialVersions.delete(name)
        const held = [...initialVersions].map(([name, version]) => `${name} ${version}`)
        const versionsKey = held.sort((a, b) => (a < b ? -1 : 1)).join('\n')
        const first = { type, node, nonce: '' }
        if (variant === 'sotw')
          outbox.push({ variant, ...first, versionInfo: state.version, names, namesKey: names.join('\n') })
        else outbox.push({ variant, ...first, subscribe: names, unsubscribe: [], initialVersions, versionsKey })
      }
    },
    take(response, refuse, keeps) {
      const state = stateOf(response.type)
      apply(response, refuse ? keeps : () => true)
      state.nonce = response.nonce
      if (!refuse) state.version = response.version
      ask(response.type, response.nonce, refuse)
      for (const type of types)
        if (type !== response.type && (isAggregated || !wildcards.has(type))) ask(type, '', false)
    },
    want(type, names, isWanted) {
      const set = extra.get(type)
      for (const name of names.map(canonicalName)) isWanted ? set?.add(name) : set?.delete(name)
      ask(type, '', false)
    },
    held: (type) => stateOf(type).held,
    wants,
    broken() {
      const wrong: string[] = []
      const routes = stateOf(ROUTES).held
      for (const [listener, names] of running)
        for (const route of names)
          for (const cluster of routes.get(route)?.refs ?? [])
            if (!active.has(cluster)) wrong.push(`${listener} → ${route} → ${cluster}`)
      return wrong
    },
  }
}

const PARENTS_OF_ROUTES = [LISTENER, SCOPED_ROUTES]

const newState = (): TypeState => ({ held: new Map(), names: new Set(), nonce: '', version: '', wasNamed: false })
