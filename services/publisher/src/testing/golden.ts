// Reads a golden case and writes its answer as text. A case is a folder with objects.yaml: documents in the form of the
// log's objects, with ordinary values where nothing is said. `step: 2` lets a document come after the first; `gone: true`
// takes an object away.
import { readFileSync } from 'node:fs'
import { decodeMessage } from '@fleetcast/shared/envoy/encode'
import type { EnvoyTypes } from '@fleetcast/shared/envoy/types'
import { type KubeObject, objectKey } from '@fleetcast/shared/objects/object'
import { formatProblem } from '@fleetcast/shared/objects/problem'
import { RESOURCE_TYPES } from '@fleetcast/shared/resources/types'
import { type Entry, isLink } from '@fleetcast/shared/store/set-store'
import { parseAllDocuments, stringify } from 'yaml'
import { type CompiledWorld, createWorldCompiler } from '../compile/compile-world.ts'
import { byText } from '../world/order.ts'
import type { WorldChange } from '../world/world.ts'
import { endpoint, service, slice } from './objects.ts'

export const caseFolder = new URL('../../golden/', import.meta.url)

/** What a document of a case may say beside its object. */
type Written = KubeObject & { site?: string; step?: number; gone?: boolean }

export interface GoldenCase {
  readonly answer: string
  readonly file: URL
}

export function compileCase(types: EnvoyTypes, name: string): GoldenCase {
  const text = readFileSync(new URL(`${name}/objects.yaml`, caseFolder), 'utf8')
  const documents = parseAllDocuments(text).map((document) => document.toJS() as Written)
  const compile = createWorldCompiler(types)
  const steps = [...new Set(documents.map(({ step = 1 }) => step))].sort((a, b) => a - b)
  const held = new Map<string, KubeObject>()
  let world: CompiledWorld = { sets: new Map(), problems: [] }
  for (const step of steps) {
    world = compile(documents.filter((each) => (each.step ?? 1) === step).map((each) => change(each, held)))
  }
  return { answer: show(types, world), file: new URL(`${name}/sets.yaml`, caseFolder) }
}

function change(
  { site = 'east', step: _, gone = false, ...written }: Written,
  held: Map<string, KubeObject>,
): WorldChange {
  const object = complete(written as KubeObject)
  const key = objectKey(object)
  const before = held.get(`${site} ${key}`)
  if (gone) held.delete(`${site} ${key}`)
  else held.set(`${site} ${key}`, object)
  return { site, key, before, after: gone ? undefined : object }
}

/** Ordinary values for whatever is not said. */
function complete(object: KubeObject): KubeObject {
  switch (object.kind) {
    case 'Service':
      return { ...service(''), ...object, ports: (object.ports ?? service('').ports).map(withProtocol) }
    case 'EndpointSlice':
    case 'Endpoints': {
      const endpoints = (object.endpoints ?? []).map((each) => ({ ...endpoint(''), ...each }))
      return { ...slice('', []), ...object, ports: (object.ports ?? slice('', []).ports).map(withProtocol), endpoints }
    }
    case 'Node':
      return { ...object, namespace: '', labels: { ...object.labels } }
    default:
      return { ...object, labels: { ...object.labels } }
  }
}
const withProtocol = <P extends { readonly protocol: string }>(port: P): P => ({ ...TCP, ...port })
const TCP = { protocol: 'TCP' }

function show(types: EnvoyTypes, { sets, problems }: CompiledWorld): string {
  const shown = Object.fromEntries(
    [...sets]
      .sort(([a], [b]) => byText(a, b))
      .map(([set, entries]) => [
        set,
        [...entries.values()].sort(byTypeAndName).map((entry) => showEntry(types, entry)),
      ]),
  )
  return stringify(
    { sets: shown, problems: problems.map(formatProblem) },
    { lineWidth: 120, aliasDuplicateObjects: false },
  )
}

const shortOf = (type: string): string => RESOURCE_TYPES.find(({ url }) => url === type)?.short ?? type
const byTypeAndName = (a: Entry, b: Entry): number => byText(shortOf(a.type), shortOf(b.type)) || byText(a.name, b.name)

function showEntry(types: EnvoyTypes, entry: Entry): object {
  const type = shortOf(entry.type)
  if (isLink(entry)) return { type, name: entry.name, link: entry.link }
  const { name, sensitive, endpointsName, bytes } = entry
  const isEnvoys = type !== entry.type
  return {
    type,
    name,
    ...(sensitive ? { sensitive } : {}),
    ...(endpointsName === undefined ? {} : { endpointsName }),
    content: isEnvoys ? decodeMessage(entry.type, bytes, types) : JSON.parse(Buffer.from(bytes).toString('utf8')),
  }
}
