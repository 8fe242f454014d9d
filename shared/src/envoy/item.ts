// One raw item to a resource: v2 upgrade, strict walk, rules of the API, checks, bytes. All problems are found, not just
// the first; an item with an error yields nothing. Never throws on what a user wrote.
import { type DescMessage, fromJson, type JsonValue, type Message } from '@bufbuild/protobuf'
import type { Problem } from '../objects/problem.ts'
import { CLUSTER, LISTENER } from '../resources/types.ts'
import { canonical } from './canonical-json.ts'
import { checkItem } from './checks/check-item.ts'
import type { DocumentItem, DocumentOptions } from './document.ts'
import type { RawItem } from './document-items.ts'
import { asObject, isObject, show, within } from './json-value.ts'
import { endpointsOf, readReferences } from './references.ts'
import { isSensitive } from './sensitive.ts'
import { type Origins, originOf } from './upgrade-v2.ts'
import { locate, type Positions } from './yaml-positions.ts'

export interface ReadItem {
  readonly item: DocumentItem | undefined
  readonly problems: readonly Problem[]
}

type Say = (severity: Problem['severity'], code: string, message: string, path: string) => void

export function readItem(raw: RawItem, positions: Positions, options: DocumentOptions): ReadItem {
  const { types } = options
  const problems: Problem[] = []
  let origins: Origins = new Map()
  /** Where the user wrote what stands at `path` of the upgraded item. */
  const placeOf = (path: string) => {
    const written = within(raw.path, originOf(path, origins))
    const position = locate(positions, written) ?? locate(positions, raw.path)
    return { position, path: written }
  }
  const say: Say = (severity, code, message, path) => {
    const place = placeOf(path)
    problems.push({
      severity,
      code,
      message,
      place: { ...place.position, ...(place.path ? { path: place.path } : {}) },
    })
  }
  for (const { path, message } of raw.issues) {
    problems.push({ severity: 'error', code: 'document', message, place: { ...locate(positions, path), path } })
  }
  const desc = raw.type === undefined ? undefined : types.message(raw.type)
  if (raw.type === undefined || !desc || raw.issues.length > 0) return { item: undefined, problems }
  if (!isObject(raw.value)) {
    say('error', 'field', `mapping (${desc.typeName}) expected, got ${show(raw.value)}`, '')
    return { item: undefined, problems }
  }

  const upgraded = types.upgrade(raw.value, desc.typeName)
  origins = upgraded.origins
  for (const { level, message, path } of upgraded.notes) {
    if (level === 'lost') say(options.allowLost ? 'warning' : 'error', 'upgrade', message, path)
  }
  const json = readFields(upgraded.json, desc, options, say)
  const name = raw.name ?? ''
  if (name === '') say('error', 'name', 'a resource needs a name', '')
  else if (raw.type === LISTENER && !json.name) {
    say('warning', 'name', `the listener has no name and is served as "${name}"`, '')
    json.name = name
  }
  if (problems.some((p) => p.severity === 'error')) return { item: undefined, problems }

  const message = readMessage(json, desc, options, say)
  if (message) checkItem({ json, desc, types, say })
  if (!message || problems.some((p) => p.severity === 'error')) return { item: undefined, problems }
  const endpointsName = raw.type === CLUSTER ? endpointsOf(json)?.name : undefined
  const item: DocumentItem = {
    type: raw.type,
    name,
    path: raw.path,
    position: locate(positions, raw.path),
    message,
    bytes: types.encode(desc, message),
    json,
    references: readReferences(json, desc, types).map((r) => ({ ...r, ...placeOf(r.path) })),
    ...(endpointsName === undefined ? {} : { endpointsName }),
    ...(isSensitive(json, desc, types) ? { sensitive: true as const } : {}),
    ...(raw.aliases === undefined ? {} : { aliases: raw.aliases }),
    ...(raw.ttlSeconds === undefined ? {} : { ttlSeconds: raw.ttlSeconds }),
  }
  return { item, problems }
}

function readFields(value: unknown, desc: DescMessage, options: DocumentOptions, say: Say): { [k: string]: JsonValue } {
  const { allowUnknownExtensions } = options
  const { json, issues } = canonical(value, desc, options.types.registry, { allowUnknownExtensions })
  const told = new Set<string>()
  for (const { path, message, severity = 'error' } of issues) {
    // A deprecated field in each of a thousand routes is one thing to say.
    if (severity === 'warning' && told.has(message)) continue
    told.add(message)
    say(severity, 'field', message, path)
  }
  // `canonical` makes a mapping of a mapping.
  return asObject(json) as { [k: string]: JsonValue }
}

function readMessage(
  json: { [k: string]: JsonValue },
  desc: DescMessage,
  { types }: DocumentOptions,
  say: Say,
): Message | undefined {
  try {
    const message = fromJson(desc, json, { registry: types.registry })
    for (const { path, rule, message: text } of types.validate(desc, message)) {
      say('error', 'rule', `${path.slice(path.lastIndexOf('.') + 1) || desc.name} ${text} (${rule})`, path)
    }
    return message
  } catch (error) {
    // The walk knows all that fromJson refuses but the inner form of timestamps and field masks.
    say('error', 'field', error instanceof Error ? error.message : String(error), '')
    return undefined
  }
}
