// What a client of one fleet holds: listeners and clusters, and by name what these refer to. Pure; one per client.
import type { JsonObject } from '@fleetcast/shared/envoy/json-value'
import { readReferences } from '@fleetcast/shared/envoy/references'
import type { EnvoyTypes } from '@fleetcast/shared/envoy/types'
import { CLUSTER, ENDPOINTS, EXTENSION, LISTENER, ROUTES, SECRET } from '@fleetcast/shared/resources/types'

/** In the order in which they are asked for. */
export const ASKED = [CLUSTER, ENDPOINTS, LISTENER, ROUTES, SECRET, EXTENSION] as const
const TYPE_OF = { routes: ROUTES, endpoints: ENDPOINTS, secret: SECRET, extension: EXTENSION } as const
const isFull = (type: string): boolean => type === CLUSTER || type === LISTENER

type Json = { readonly [key: string]: unknown }

export interface FleetWorld {
  /**
   * Takes a response's resources of a type. Clusters that are gone stay held, with what they refer to, until they are dropped:
   * returns the departure to drop, where there is one.
   */
  take(type: string, resources: readonly Json[]): number | undefined
  /** Lets go what left then, and did not come back meanwhile. */
  drop(departure: number): void
  /** Names of a type that what is held refers to; none for listeners and clusters, of which all are asked for. */
  wanted(type: string): readonly string[]
  held(type: string): ReadonlyMap<string, Json>
  /** True once listeners and clusters have come. */
  isListed(): boolean
  /** `type name` of what is referred to and not held. */
  lacks(): readonly string[]
}

export function createFleetWorld(types: EnvoyTypes): FleetWorld {
  const held = new Map<string, Map<string, Json>>()
  const came = new Set<string>()
  /** Clusters that are gone, by the departure in which they left. */
  const leaving = new Map<string, number>()
  let departures = 0
  let names = new Map<string, Set<string>>()

  const of = (type: string): Map<string, Json> => {
    const known = held.get(type) ?? new Map<string, Json>()
    held.set(type, known)
    return known
  }

  function readNames(): void {
    names = new Map()
    for (const type of [CLUSTER, LISTENER]) {
      const desc = types.message(type)
      if (!desc) continue
      for (const resource of of(type).values()) {
        for (const reference of readReferences(resource as JsonObject, desc, types)) {
          if (reference.source !== 'ads' || reference.kind === 'cluster') continue
          const wanted = TYPE_OF[reference.kind]
          names.set(wanted, (names.get(wanted) ?? new Set()).add(reference.name))
        }
      }
    }
    for (const [type, known] of held) {
      if (isFull(type)) continue
      for (const name of known.keys()) if (!names.get(type)?.has(name)) known.delete(name)
    }
  }

  const wanted = (type: string): readonly string[] => [...(names.get(type) ?? [])].sort((a, b) => (a < b ? -1 : 1))
  return {
    take(type, resources) {
      came.add(type)
      const before = new Set(isFull(type) ? of(type).keys() : [])
      for (const resource of resources) {
        const name = nameOf(type, resource)
        before.delete(name)
        if (type === CLUSTER) leaving.delete(name)
        of(type).set(name, resource)
      }
      const gone = [...before].filter((name) => type !== CLUSTER || !leaving.has(name))
      if (type === CLUSTER && gone.length > 0) departures++
      for (const name of gone) {
        if (type === CLUSTER) leaving.set(name, departures)
        else of(type).delete(name)
      }
      readNames()
      return type === CLUSTER && gone.length > 0 ? departures : undefined
    },
    drop(departure) {
      for (const [name, left] of leaving) {
        if (left !== departure) continue
        leaving.delete(name)
        of(CLUSTER).delete(name)
      }
      readNames()
    },
    wanted,
    held: of,
    isListed: () => came.has(CLUSTER) && came.has(LISTENER),
    lacks: () =>
      ASKED.flatMap((type) =>
        wanted(type)
          .filter((name) => !of(type).has(name))
          .map((name) => `${type} ${name}`),
      ),
  }
}

const nameOf = (type: string, resource: Json): string =>
  String((type === ENDPOINTS ? resource.cluster_name : resource.name) ?? '')
