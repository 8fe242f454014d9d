// Which ConfigMaps make up which fleet, kept up to date change by change. Nothing is parsed here.
import type { ConfigMapObject, ObjectKey } from '@fleetcast/shared/objects/object'
import { byText } from '../world/order.ts'
import type { WorldChange } from '../world/world.ts'

export const FLEET_LABEL = 'fleetcast.dev/fleet'
/** Kubenvoy's own ConfigMap needs no label. */
export const KUBENVOY_CONFIG_MAP = 'kubenvoy-xds-config'
export const DEFAULT_FLEET = 'default'

/** A ConfigMap with the site that it was read from. */
export interface Source {
  readonly site: string
  readonly object: ConfigMapObject
}

export interface FleetIndex {
  /** Returns the fleets that are touched. */
  apply(change: WorldChange): readonly string[]
  names(): Iterable<string>
  /** By namespace, name and site: the first decides where the fleet belongs. Empty for a fleet that is gone. */
  sources(fleet: string): readonly Source[]
}

export function createFleetIndex(): FleetIndex {
  const fleets = new Map<string, Map<string, Source>>()

  function remove(fleet: string, id: string): void {
    const sources = fleets.get(fleet)
    sources?.delete(id)
    if (sources?.size === 0) fleets.delete(fleet)
  }
  function add(fleet: string, id: string, source: Source): void {
    const sources = fleets.get(fleet) ?? new Map<string, Source>()
    fleets.set(fleet, sources.set(id, source))
  }

  return {
    apply({ site, key, before, after }) {
      const [from, to] = [fleetOf(before), fleetOf(after)]
      const id = sourceId(site, key)
      if (from !== undefined) remove(from, id)
      if (to !== undefined && after?.kind === 'ConfigMap') add(to, id, { site, object: after })
      return [...new Set([from, to])].filter((fleet) => fleet !== undefined)
    },
    names: () => fleets.keys(),
    sources: (fleet) => [...(fleets.get(fleet)?.values() ?? [])].sort(bySource),
  }
}

const sourceId = (site: string, key: ObjectKey): string => `${site} ${key}`

export function fleetOf(object: WorldChange['after']): string | undefined {
  if (object?.kind !== 'ConfigMap') return undefined
  const label = object.labels[FLEET_LABEL]
  if (label) return label
  return object.name === KUBENVOY_CONFIG_MAP ? DEFAULT_FLEET : undefined
}

function bySource(a: Source, b: Source): number {
  return (
    byText(a.object.namespace, b.object.namespace) || byText(a.object.name, b.object.name) || byText(a.site, b.site)
  )
}
