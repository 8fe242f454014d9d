// The ConfigMaps of a fleet → its settings and native resources. Pure: what was last good comes in and goes out as a
// value. A mistake in one document leaves that document as it last was and harms nothing else (design rule 5).
import { objectKey } from '@fleetcast/shared/objects/object'
import type { Place, Problem } from '@fleetcast/shared/objects/problem'
import type { ReadCluster } from '../compile/read-cluster.ts'
import { byText } from '../world/order.ts'
import type { DocumentResource, FleetDocument, ReadFleetDocument } from './document.ts'
import type { Source } from './fleet-index.ts'
import { EKGLUE_KEY, readPreset } from './presets.ts'
import { type GoodKeys, readSettings } from './read-settings.ts'
import type { FleetSettings } from './settings.ts'
import { type GoodKey, readPage } from './written.ts'

export const SETTINGS_KEY = 'fleet.yaml'

/** A resource somebody wrote, with its place. */
export interface NativeResource extends DocumentResource {
  readonly place: Place
  /** It stands in for one that can't be read now. */
  readonly isKept: boolean
}

/** What each key last said when it was right, by `site ConfigMap/namespace/name key`. */
export interface LastGood {
  readonly settings: GoodKeys
  readonly ekglue?: GoodKey | undefined
  readonly documents: ReadonlyMap<string, readonly NativeResource[]>
}
export const NOTHING_GOOD: LastGood = { settings: {}, documents: new Map() }

export interface FleetDefinition {
  readonly name: string
  /** Undefined: nobody was ever able to read fleet.yaml, so nothing may be published. */
  readonly settings: FleetSettings | undefined
  /** Each type and name once. */
  readonly natives: readonly NativeResource[]
  /** Its own namespace first, then those that may join. */
  readonly namespaces: readonly string[]
  readonly problems: readonly Problem[]
  readonly good: LastGood
}

export interface FleetInput {
  readonly name: string
  readonly sources: readonly Source[]
  readonly last: LastGood
  readonly read: ReadFleetDocument
  readonly readCluster: ReadCluster
}

export function readFleet({ name, sources, last, read, readCluster }: FleetInput): FleetDefinition {
  const own = sources[0]?.object.namespace ?? ''
  const settings = settingsOf(sources, own, last, readCluster)
  const namespaces = [own, ...settings.value.namespaces]
  const problems: Problem[] = [...settings.problems]
  const documents = new Map<string, readonly NativeResource[]>()
  const all: NativeResource[] = []
  for (const source of sources) {
    if (!namespaces.includes(source.object.namespace)) {
      problems.push(notInvited(source, name, own))
      continue
    }
    for (const key of Object.keys(source.object.data).sort(byText)) {
      if (key === SETTINGS_KEY || key === EKGLUE_KEY) continue
      const place = placeOf(source, key)
      if (!/\.(ya?ml|json)$/.test(key)) {
        problems.push({
          severity: 'warning',
          code: 'key',
          message: 'it is passed over: it does not end in .yaml, .yml or .json',
          place,
        })
        continue
      }
      const document = read(key, source.object.data[key] ?? '')
      const id = `${source.site} ${objectKey(source.object)} ${key}`
      const effective = withLastGood(document, place, last.documents.get(id))
      all.push(...effective)
      documents.set(id, effective)
      problems.push(...document.problems.map((problem) => ({ ...problem, place: { ...place, ...problem.place } })))
    }
  }
  const natives = firstOfEach(all, problems)
  const good: LastGood = { ...settings.good, documents }
  return { name, settings: settings.usable, natives, namespaces, problems, good }
}

const placeOf = ({ site, object }: Source, key?: string): Place => ({
  site,
  object: objectKey(object),
  ...(object.origin === undefined ? {} : { file: object.origin }),
  ...(key === undefined ? {} : { key }),
})

function notInvited(source: Source, fleet: string, namespace: string): Problem {
  const message =
    `fleet ${fleet} belongs to namespace ${namespace}: this ConfigMap joins only once ` +
    `"namespaces: [${source.object.namespace}]" stands in its ${SETTINGS_KEY}`
  return { severity: 'error', code: 'namespace', message, place: placeOf(source) }
}

interface FleetWords {
  readonly value: FleetSettings
  /** Undefined where nobody knows what is meant. */
  readonly usable: FleetSettings | undefined
  readonly problems: readonly Problem[]
  readonly good: Pick<LastGood, 'settings' | 'ekglue'>
}

function settingsOf(
  sources: readonly Source[],
  namespace: string,
  last: LastGood,
  readCluster: ReadCluster,
): FleetWords {
  const own = sources.filter(({ object }) => object.namespace === namespace)
  const preset = readPreset({ sources: own, last: last.ekglue, readCluster, placeOf })
  const words = (value: FleetSettings, problems: readonly Problem[], good: GoodKeys, isKnown: boolean): FleetWords => ({
    value,
    usable: isKnown && preset.isKnown ? value : undefined,
    problems: [...preset.problems, ...problems],
    good: { settings: good, ekglue: preset.good },
  })
  const [first, ...others] = own.filter(({ object }) => object.data[SETTINGS_KEY] !== undefined)
  if (!first) return words(preset.settings, [], {}, true)
  const page = readPage(first.object.data[SETTINGS_KEY] ?? '', placeOf(first, SETTINGS_KEY))
  const { settings, problems, good } = readSettings({
    page,
    last: last.settings,
    preset: preset.settings,
    readCluster,
  })
  const second = others.map((source): Problem => {
    const message = `the fleet has a ${SETTINGS_KEY} in ${objectKey(first.object)} already, which counts`
    return { severity: 'error', code: 'duplicate', message, place: placeOf(source, SETTINGS_KEY) }
  })
  const isKnown = page.problems.length === 0 || Object.keys(good).length > 0
  return words(settings, [...problems, ...second], good, isKnown)
}

function withLastGood(
  document: FleetDocument,
  place: Place,
  last: readonly NativeResource[] | undefined,
): readonly NativeResource[] {
  const { line: _, column: __, path: ___, ...keyPlace } = place
  const fresh = document.resources.map((each): NativeResource => {
    const { line, column, path } = each
    const where = { ...keyPlace, ...(line === undefined ? {} : { line, column: column ?? 1 }), path }
    return { ...each, place: where, isKept: false }
  })
  if (!document.readable) return (last ?? []).map(kept)
  const seen = new Set(fresh.map(idOf))
  const stand: NativeResource[] = []
  for (const { type, name } of document.failed) {
    for (const each of last ?? []) {
      // One that has lost its name may be any of those that are not there any more: none of them is taken away.
      const isMeant = (type ?? each.type) === each.type && (name ?? each.name) === each.name
      if (!isMeant || seen.has(idOf(each))) continue
      seen.add(idOf(each))
      stand.push(kept(each))
    }
  }
  return [...fresh, ...stand]
}

const kept = (resource: NativeResource): NativeResource => ({ ...resource, isKept: true })
const idOf = ({ type, name }: { readonly type: string; readonly name: string }): string => `${type}\n${name}`

/** The same name twice: the first by namespace and name wins; one that can be read goes before one that was kept. */
function firstOfEach(all: readonly NativeResource[], problems: Problem[]): readonly NativeResource[] {
  const winners = new Map<string, NativeResource>()
  for (const each of all) {
    const winner = winners.get(idOf(each))
    if (!winner || (winner.isKept && !each.isKept)) winners.set(idOf(each), each)
    else if (!each.isKept) problems.push(twice(each, winner))
  }
  return [...winners.values()]
}

function twice({ name, place }: NativeResource, winner: NativeResource): Problem {
  const { site, object, key, line } = winner.place
  const where = [site, object, key].filter((part) => part !== undefined).join(' ')
  const message = `"${name}" stands in ${where}${line === undefined ? '' : `, line ${line},`} already, which counts`
  return { severity: 'error', code: 'duplicate', message, place }
}
