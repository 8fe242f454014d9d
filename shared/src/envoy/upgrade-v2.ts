// Upgrades Envoy v2 configuration (2018 to 2020) to v3: plain JSON in, plain JSON and notes out. Pure; valid v3 input
// comes back unchanged, except that an API version left at AUTO becomes V3. The walk follows v3 descriptors, so a rule
// fires wherever its message occurs, also inside `typed_config`. Which v3 type replaced which v2 type is read from the
// descriptors: each v3 message names its predecessor. It does not validate: read the result strictly afterwards.
import { type DescMessage, type FileRegistry, getOption, hasOption } from '@bufbuild/protobuf'
import { typeNameOf } from './canonical-json.ts'
import { asList, asObject, dot, isObject, type JsonObject, join, parentOf, within } from './json-value.ts'
import type { TypeIndex } from './type-index.ts'
import { TYPE_FIXES } from './upgrade-v2-extensions.ts'
import { RULES, type RuleContext, url } from './upgrade-v2-rules.ts'

/** What happened at `path` of the result; `from` is where it stood before, when it moved. */
export interface Note {
  readonly path: string
  readonly from?: string
  /** `lost`: the result does less than the input asked for. */
  readonly level: 'changed' | 'lost'
  readonly message: string
}
/** Paths of the result that stood elsewhere in the input. */
export type Origins = ReadonlyMap<string, string>
export interface Upgraded {
  readonly json: unknown
  readonly notes: readonly Note[]
  readonly origins: Origins
}
/** `type` is the message's name, of v2 or v3. An unknown type comes back as it is. */
export type Upgrade = (input: unknown, type: string) => Upgraded

type Side = RuleContext['side']

/** The upgrade for one type set, and the v3 successor of a v2 type name. */
export function createUpgrade(types: TypeIndex): { upgrade: Upgrade; today: (type: string) => string } {
  const fixes = new Map(TYPE_FIXES)
  let successors: ReadonlyMap<string, string> | undefined
  const today = (type: string): string => {
    // No type that is there was followed by another one: only a name of old, or a wrong one, has all files read.
    const fixed = fixes.get(type)
    if (fixed !== undefined || types.registry.getMessage(type)) return fixed ?? type
    successors ??= readSuccessors(types.registry)
    return successors.get(type) ?? type
  }
  const upgrade: Upgrade = (input, type) => {
    const root = types.registry.getMessage(today(type))
    if (!root) return { json: input, notes: [], origins: new Map() }
    return upgradeMessage({ input, root, types, today })
  }
  return { upgrade, today }
}

interface Task {
  readonly input: unknown
  readonly root: DescMessage
  readonly types: TypeIndex
  readonly today: (type: string) => string
}

function upgradeMessage({ input, root, types, today }: Task): Upgraded {
  const notes: Note[] = []
  const origins = new Map<string, string>()

  function message(value: unknown, desc: DescMessage, path: string, above: Side): unknown {
    if (!isObject(value)) return value
    if (desc.typeName === 'google.protobuf.Any') return any(value, path, above)
    if (desc.typeName.startsWith('google.protobuf.')) return value
    const side = desc.typeName === 'envoy.config.cluster.v3.Cluster' ? 'Upstream' : above
    const m = snakeCase(value, desc, types, (name, from) => origins.set(join(path, name), join(path, from)))
    for (const rule of RULES[desc.typeName.slice('envoy.'.length)] ?? []) rule(m, context(path, side))
    for (const key of Object.keys(m)) {
      const field = types.fieldOf(desc, key)
      const member = m[key]
      // A field in both spellings is left to be refused.
      if (!field?.message || field.name !== key || member === undefined || member === null) continue
      m[key] = descend(member, field.fieldKind, field.message, dot(path, key), side)
    }
    return m
  }

  function descend(value: unknown, kind: string, desc: DescMessage, path: string, side: Side): unknown {
    if (kind === 'list') {
      if (!Array.isArray(value)) origins.set(join(path, 0), path)
      return asList(value).map((v, i) => message(v, desc, join(path, i), side))
    }
    if (kind !== 'map' || !isObject(value)) return message(value, desc, path, side)
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, message(v, desc, join(path, k), side)]))
  }

  function any(value: JsonObject, path: string, side: Side): unknown {
    const { '@type': typeUrl, ...body } = value
    const name = typeNameOf(typeUrl)
    if (name === undefined) return value
    const now = today(name)
    const here = join(path, '@type')
    if (now !== name) notes.push({ path: here, level: 'changed', message: `${name} is now ${now}` })
    const desc = types.registry.getMessage(now)
    if (!desc) return value
    return { '@type': now === name ? typeUrl : url(now), ...asObject(message(body, desc, path, side)) }
  }

  function context(path: string, side: Side): RuleContext {
    return {
      side,
      moved: (from, to) => {
        notes.push({
          path: within(path, to),
          from: within(path, from),
          level: 'changed',
          message: `${from} is now ${to}`,
        })
        origins.set(within(path, to), within(path, from))
      },
      placed: (from, to) => origins.set(within(path, to), within(path, from)),
      set: (field, from, to) =>
        notes.push({ path: within(path, field), level: 'changed', message: `${from} is now ${to}` }),
      lost: (field, why) =>
        notes.push({ path: within(path, field), level: 'lost', message: `${field} has no successor: ${why}` }),
    }
  }

  const json = message(input, root, '', 'Downstream')
  return { json, notes, origins }
}

/** Where a path of the result stood in the input, so that a problem can name the user's line. */
export function originOf(path: string, origins: Origins): string {
  let whole = path
  let head = origins.size === 0 ? '' : path
  // From the longest moved path to the shortest: an inner move happened after the outer one. The bound is for rules that
  // would move in a circle.
  for (let moves = 0; head && moves < 100; ) {
    const from = origins.get(head)
    if (from === undefined) {
      const parent = parentOf(head)
      if (parent === head) break
      head = parent
      continue
    }
    whole = from + whole.slice(head.length)
    head = origins.has(from) ? from : commonParent(head, from)
    moves++
  }
  return whole
}

function commonParent(a: string, b: string): string {
  let head = parentOf(a)
  while (head && !(b === head || b.startsWith(`${head}.`) || b.startsWith(`${head}[`))) {
    const parent = parentOf(head)
    if (parent === head) return ''
    head = parent
  }
  return head
}

/** v2 type -> v3 type. */
function readSuccessors(types: FileRegistry): ReadonlyMap<string, string> {
  const versioning = types.getExtension('udpa.annotations.versioning')
  const map = new Map(TYPE_FIXES)
  if (!versioning) return map
  for (const desc of types) {
    if (desc.kind !== 'message' || !hasOption(desc, versioning)) continue
    const { previousMessageType } = asObject(getOption(desc, versioning))
    if (typeof previousMessageType === 'string' && previousMessageType && !map.has(previousMessageType)) {
      map.set(previousMessageType, desc.typeName)
    }
  }
  return map
}

/**
 * A copy with field names in one spelling, so that rules need to know only one; keys that no field has are old fields.
 * A field given in both spellings keeps both, to be refused.
 */
function snakeCase(
  value: JsonObject,
  desc: DescMessage,
  types: TypeIndex,
  renamed: (name: string, from: string) => void,
): JsonObject {
  const out: JsonObject = {}
  for (const [key, member] of Object.entries(value)) {
    const snake = types.fieldOf(desc, key)?.name ?? asSnake(key)
    const isBoth = snake !== key && Object.hasOwn(value, snake)
    out[isBoth ? key : snake] = member
    if (snake !== key && !isBoth) renamed(snake, key)
  }
  return out
}
const asSnake = (key: string) => (/^[a-z]/.test(key) ? key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`) : key)
