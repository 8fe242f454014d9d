// A part of a Cluster as somebody wrote it (a base, an override, an annotation) → canonical JSON, checked. Pure.

import { readItem } from '@fleetcast/shared/envoy/item'
import type { JsonObject } from '@fleetcast/shared/envoy/json-value'
import { asObject } from '@fleetcast/shared/envoy/json-value'
import type { EnvoyTypes } from '@fleetcast/shared/envoy/types'
import type { Checked, Problem } from '@fleetcast/shared/objects/problem'
import { CLUSTER } from '@fleetcast/shared/resources/types'
import type { Page } from '../fleets/written.ts'

/** One byte, so that bytes made under it can be cut behind it. */
export const PLACEHOLDER = 'x'

export type ReadCluster = (page: Page, path: string, value: unknown) => Checked<JsonObject | undefined>

/** Takes the 2018 syntax too; the name is not a part of it. */
export function createReadCluster(types: EnvoyTypes): ReadCluster {
  return (page, path, value) => {
    const raw = {
      type: CLUSTER,
      name: PLACEHOLDER,
      value: { ...asObject(value), name: PLACEHOLDER },
      path,
      index: 0,
      issues: [],
    }
    const { item, problems } = readItem(raw, page.positions, { types })
    const placed = problems.map((problem): Problem => ({ ...problem, place: { ...page.at(''), ...problem.place } }))
    if (!item) return { value: undefined, problems: placed }
    const { name: _, ...json } = asObject(item.json)
    return { value: json, problems: placed }
  }
}
