// A part of a Cluster as somebody wrote it (a base, an override, an annotation) → canonical JSON, checked. Pure.
import { readFragment } from '@fleetcast/shared/envoy/fragment'
import type { JsonObject } from '@fleetcast/shared/envoy/json-value'
import type { EnvoyTypes } from '@fleetcast/shared/envoy/types'
import type { Checked, Problem } from '@fleetcast/shared/objects/problem'
import { CLUSTER } from '@fleetcast/shared/resources/types'
import type { Page } from '../fleets/written.ts'

/** The value is undefined where a problem is an error. */
export type ReadCluster = (page: Page, path: string, value: unknown) => Checked<JsonObject | undefined>

/** Takes the 2018 syntax too; a name is no part of what is made here. */
export function createReadCluster(types: EnvoyTypes): ReadCluster {
  return (page, path, value) => {
    const { json, problems } = readFragment({ types, type: CLUSTER, value, path, positions: page.positions })
    const placed = problems.map((problem): Problem => ({ ...problem, place: { ...page.place, ...problem.place } }))
    if (!json) return { value: undefined, problems: placed }
    const { name: _, ...named } = json
    return { value: named, problems: placed }
  }
}
