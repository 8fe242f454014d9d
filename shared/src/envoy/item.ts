// One raw item to a resource: v2 upgrade, strict walk, rules of the API, checks, bytes. All problems are found, not just
// the first; an item with an error yields nothing. Never throws on what a user wrote.
import { type DescMessage, fromJson, type Message } from '@bufbuild/protobuf'
import type { Problem } from '../objects/problem.ts'
import type { TypeUrl } from '../resources/resource.ts'
import { CLUSTER, LISTENER } from '../resources/types.ts'
import { addressesOf } from './check-addresses.ts'
import { checkMessage } from './checks/check-item.ts'
import type { RawItem } from './document-items.ts'
import { type CanonicalObject, type Fragment, readFragment, type Say } from './fragment.ts'
import { isObject } from './json-value.ts'
import { collectReferences, endpointsOf, type FoundReference, type Reference } from './references.ts'
import { holdsSecret } from './sensitive.ts'
import type { EnvoyTypes } from './types.ts'
import { walkMessages } from './walk.ts'
import { locate, type Position, type Positions } from './yaml-positions.ts'

export interface DocumentOptions {
  readonly types: EnvoyTypes
  /** Lets a TypedStruct of an unknown type through unchecked, with a warning. */
  readonly allowUnknownExtensions?: boolean
  /** Serves an upgraded v2 resource although something in it has no successor in v3; the losses are warnings then. */
  readonly allowLost?: boolean
}

/** A resource as its author wrote it, good in itself. */
export interface DocumentItem {
  readonly type: TypeUrl
  readonly name: string
  /** Its place in the document, for people and for `failed`: `listeners[2]`. */
  readonly path: string
  readonly position: Position | undefined
  readonly message: Message
  /** Depends on the content only. */
  readonly bytes: Uint8Array
  /** Canonical protobuf JSON with the field names of the .proto files. Not redacted. */
  readonly json: unknown
  /** For a Cluster that gets its endpoints from a management server: the name of its assignment. */
  readonly endpointsName?: string
  /** For a Listener: its addresses, for `checkAddresses`. */
  readonly listensAt?: readonly string[]
  /** It holds a secret of its own, such as an inline private key. */
  readonly sensitive?: true
  readonly aliases?: readonly string[]
  readonly ttlSeconds?: number
  /** What it refers to by name. */
  readonly references: readonly Reference[]
}

export interface ReadItem {
  readonly item: DocumentItem | undefined
  readonly problems: readonly Problem[]
}

export function readItem(raw: RawItem, positions: Positions, options: DocumentOptions): ReadItem {
  const { types } = options
  const { type } = raw
  if (type === undefined || raw.issues.length > 0) {
    const problems = raw.issues.map(({ path, message }): Problem => {
      return { severity: 'error', code: 'document', message, place: { ...locate(positions, path), path } }
    })
    return { item: undefined, problems }
  }
  const fragment = readFragment({ ...options, type, value: raw.value, path: raw.path, positions })
  const { desc, json, problems, say } = fragment
  const name = raw.name ?? ''
  if (name === '' && isObject(raw.value)) say('error', 'name', 'a resource needs a name', '')
  if (!desc || !json || name === '') return { item: undefined, problems }
  if (type === LISTENER && !json.name) {
    say('warning', 'name', `the listener has no name and is served as "${name}"`, '')
    json.name = name
  }
  const message = readMessage(json, desc, types, say)
  if (!message) return { item: undefined, problems }
  const references: FoundReference[] = []
  let isSensitive = false
  walkMessages(json, desc, types, (visited) => {
    checkMessage(visited, types, say)
    collectReferences(visited, references)
    isSensitive ||= holdsSecret(visited, types)
  })
  if (problems.some((p) => p.severity === 'error')) return { item: undefined, problems }
  return {
    item: makeItem({ raw, type, name, json, message, references, isSensitive, fragment }, desc, types),
    problems,
  }
}

interface Parts {
  readonly raw: RawItem
  readonly type: string
  readonly name: string
  readonly json: CanonicalObject
  readonly message: Message
  readonly references: readonly FoundReference[]
  readonly isSensitive: boolean
  readonly fragment: Fragment
}

function makeItem(parts: Parts, desc: DescMessage, types: EnvoyTypes): DocumentItem {
  const { raw, type, name, json, message, references, isSensitive, fragment } = parts
  const endpointsName = type === CLUSTER ? endpointsOf(json)?.name : undefined
  return {
    type,
    name,
    path: raw.path,
    position: fragment.placeOf('').position,
    message,
    bytes: types.encode(desc, message),
    json,
    references: references.map((r) => ({ ...r, ...fragment.placeOf(r.path) })),
    ...(endpointsName === undefined ? {} : { endpointsName }),
    ...(type === LISTENER ? { listensAt: addressesOf(json) } : {}),
    ...(isSensitive ? { sensitive: true as const } : {}),
    ...(raw.aliases === undefined ? {} : { aliases: raw.aliases }),
    ...(raw.ttlSeconds === undefined ? {} : { ttlSeconds: raw.ttlSeconds }),
  }
}

function readMessage(json: CanonicalObject, desc: DescMessage, types: EnvoyTypes, say: Say): Message | undefined {
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
