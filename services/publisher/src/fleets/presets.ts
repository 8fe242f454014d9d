// Where a fleet's settings start from, before its fleet.yaml: what the users of other systems bring with them. Pure.
import type { Place, Problem } from '@fleetcast/shared/objects/problem'
import type { ReadCluster } from '../compile/read-cluster.ts'
import { readEkglue } from './ekglue.ts'
import { FLEET_LABEL, KUBENVOY_CONFIG_MAP, type Source } from './fleet-index.ts'
import { defaultSettings, type FleetSettings, namingsOf } from './settings.ts'
import { type GoodKey, pageOf, readPage } from './written.ts'

export const EKGLUE_KEY = 'ekglue.yaml'
export const KUBENVOY_NAMING = 'kubenvoy://{service}.{namespace}:{port}'
export const KUBENVOY_LABEL = 'kubenvoy-discovery'

export interface Preset {
  readonly settings: FleetSettings
  readonly problems: readonly Problem[]
  /** ekglue's file, as it last was right. */
  readonly good: GoodKey | undefined
  /** False where ekglue's file was never right: nobody knows what is meant. */
  readonly isKnown: boolean
}

export interface PresetInput {
  readonly sources: readonly Source[]
  readonly last: GoodKey | undefined
  readonly readCluster: ReadCluster
  readonly placeOf: (source: Source, key: string) => Place
}

export function readPreset({ sources, last, readCluster, placeOf }: PresetInput): Preset {
  const from = sources.find(({ object }) => object.data[EKGLUE_KEY] !== undefined)
  const settings = sources.some(isKubenvoy) ? kubenvoySettings() : defaultSettings()
  if (!from) return { settings, problems: [], good: undefined, isKnown: true }
  const page = readPage(from.object.data[EKGLUE_KEY] ?? '', placeOf(from, EKGLUE_KEY))
  const now = readEkglue(page, readCluster)
  if (now.value) return { settings: now.value, problems: now.problems, good: { page, raw: page.value }, isKnown: true }
  const before = last && readEkglue(pageOf(last), readCluster).value
  return { settings: before ?? settings, problems: now.problems, good: last, isKnown: before !== undefined }
}

const isKubenvoy = ({ object }: Source): boolean =>
  object.name === KUBENVOY_CONFIG_MAP && !(FLEET_LABEL in object.labels)

/** Kubenvoy: labelled Services become clusters under its names, spoken to in HTTP/2. */
function kubenvoySettings(): FleetSettings {
  const settings = defaultSettings()
  return {
    ...settings,
    services: { kind: 'chosen', selects: (labels) => labels[KUBENVOY_LABEL] === 'true', namespaces: [] },
    naming: namingsOf([KUBENVOY_NAMING]),
    view: { ...settings.view, naming: [KUBENVOY_NAMING] },
    base: { connect_timeout: '1s', lb_policy: 'ROUND_ROBIN' },
    kubenvoy: true,
  }
}
