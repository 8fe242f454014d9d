// Lenient configuration JSON -> canonical protobuf JSON, by the type's descriptor. Takes what Envoy takes (enums in any
// case, snake_case or camelCase, "80" for 80, yes for true, one item for a list, {value: 1} for a wrapper) and reports
// every problem with its path instead of stopping at the first. Field names come out as in the .proto files.
import type { DescEnum, DescField, DescMessage, JsonValue } from '@bufbuild/protobuf'
import { ScalarType } from '@bufbuild/protobuf'
import {
  boolean,
  bytes,
  durationOf,
  floating,
  integer,
  isWhole,
  plainJson,
  type Report,
  text,
} from './canonical-scalars.ts'
import { isObject, type JsonObject, join, show } from './json-value.ts'
import { suggest } from './suggest.ts'
import type { TypeIndex } from './type-index.ts'
import type { Issue } from './yaml-positions.ts'

export interface CanonicalOptions {
  /** Lets a TypedStruct of an unknown type through unchecked, with a warning. */
  readonly allowUnknownExtensions?: boolean | undefined
}
export interface Canonical {
  readonly json: JsonValue
  readonly issues: readonly Issue[]
}
interface Context extends Report {
  readonly types: TypeIndex
  readonly options: CanonicalOptions
  readonly warn: (path: string, message: string) => void
}

export const TYPED_STRUCT = /^(xds\.type\.v3|udpa\.type\.v1)\.TypedStruct$/

export function canonical(
  value: unknown,
  desc: DescMessage,
  types: TypeIndex,
  options: CanonicalOptions = {},
): Canonical {
  const issues: Issue[] = []
  const bad = (path: string, message: string) => {
    issues.push({ path, message })
    return null
  }
  const warn = (path: string, message: string) => issues.push({ path, message, severity: 'warning' })
  return { json: message(value, desc, '', { types, options, bad, warn }), issues }
}

function message(value: unknown, desc: DescMessage, path: string, c: Context): JsonValue {
  if (isWellKnown(desc)) return wellKnown(value, desc, path, c)
  const [only] = desc.fields
  if (desc.file.proto.name === 'google/protobuf/wrappers.proto' && only?.scalar !== undefined) {
    return scalar(isObject(value) && 'value' in value ? value.value : value, only.scalar, path, c)
  }
  if (!isObject(value)) return c.bad(path, `mapping (${desc.typeName}) expected, got ${show(value)}`)
  if (TYPED_STRUCT.test(desc.typeName)) typedStruct(value, path, c)
  return fields(value, desc, path, c)
}

function fields(value: JsonObject, desc: DescMessage, path: string, c: Context): JsonValue {
  const out: { [k: string]: JsonValue } = {}
  const chosen = new Map<string, string>()
  for (const [key, raw] of Object.entries(value)) {
    const here = join(path, key)
    const field = c.types.fieldOf(desc, key)
    if (!field) {
      const names = desc.fields.map((f) => f.name)
      c.bad(here, `${desc.typeName} has no field "${key}"${suggest(key, names)}`)
      continue
    }
    if (raw === null && field.message?.typeName !== 'google.protobuf.Value') continue
    if (Object.hasOwn(out, field.name)) {
      c.bad(here, `"${field.name}" is given twice`)
      continue
    }
    const rival = field.oneof && chosen.get(field.oneof.name)
    if (rival) c.bad(here, `only one of "${rival}" and "${key}" may be set`)
    if (field.oneof) chosen.set(field.oneof.name, key)
    if (field.proto.options?.deprecated) c.warn(here, `"${field.name}" is deprecated in ${desc.typeName}`)
    out[field.name] = fieldValue(raw, field, here, c.types.sensitiveFields(desc).includes(field) ? discreet(c) : c)
  }
  return out
}

/** Rule 8: of what should be a secret nothing is quoted, whatever is wrong with it. */
const discreet = (c: Context): Context => ({
  ...c,
  bad: (path) => c.bad(path, 'this field holds a secret, and what is written is not of its form'),
})

function fieldValue(value: unknown, field: DescField, path: string, c: Context): JsonValue {
  const one = (v: unknown, p: string): JsonValue => {
    if (field.message) return message(v, field.message, p, c)
    if (field.enum) return enumeration(v, field.enum, p, c)
    return scalar(v, field.scalar ?? ScalarType.STRING, p, c)
  }
  if (field.fieldKind === 'list') {
    if (!Array.isArray(value)) return [one(value, path)]
    return value.map((v, i) => (v === null ? c.bad(join(path, i), 'empty list item') : one(v, join(path, i))))
  }
  if (field.fieldKind !== 'map') return one(value, path)
  if (!isObject(value)) return c.bad(path, `mapping expected, got ${show(value)}`)
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, one(v, join(path, k))]))
}

function enumeration(value: unknown, desc: DescEnum, path: string, c: Context): JsonValue {
  const word = typeof value === 'string' || typeof value === 'number' ? String(value) : ''
  const found = desc.values.find((v) =>
    isWhole(word) ? v.number === Number(word) : v.name.toLowerCase() === word.toLowerCase(),
  )
  return found?.name ?? c.bad(path, `${show(value)} is none of ${desc.values.map((v) => v.name).join(', ')}`)
}

function scalar(value: unknown, type: ScalarType, path: string, c: Context): JsonValue {
  switch (type) {
    case ScalarType.STRING:
      return text(value, path, c)
    case ScalarType.BOOL:
      return boolean(value, path, c)
    case ScalarType.BYTES:
      return bytes(value, path, c)
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return floating(value, path, c)
    default:
      return integer(value, type, path, c)
  }
}

const WELL_KNOWN = ['Any', 'Duration', 'Timestamp', 'FieldMask', 'Value', 'Struct', 'ListValue']
const WELL_KNOWN_NAMES = new Set(WELL_KNOWN.map((name) => `google.protobuf.${name}`))
export const isWellKnown = (desc: DescMessage): boolean => WELL_KNOWN_NAMES.has(desc.typeName)

function wellKnown(value: unknown, desc: DescMessage, path: string, c: Context): JsonValue {
  switch (desc.typeName.slice('google.protobuf.'.length)) {
    case 'Any':
      return any(value, path, c)
    case 'Duration':
      return durationOf(value, path, c)
    case 'Value':
      return plainJson(value, path, c)
    case 'Struct':
      return isObject(value) ? plainJson(value, path, c) : c.bad(path, `mapping expected, got ${show(value)}`)
    case 'ListValue':
      return Array.isArray(value) ? plainJson(value, path, c) : c.bad(path, `list expected, got ${show(value)}`)
    default:
      return typeof value === 'string' ? value : c.bad(path, `text expected, got ${show(value)}`)
  }
}

function any(value: unknown, path: string, c: Context): JsonValue {
  if (!isObject(value) || value['@type'] === undefined) {
    return c.bad(path, `mapping with "@type" expected, got ${isObject(value) ? 'one without' : show(value)}`)
  }
  const { '@type': typeUrl, ...body } = value
  const desc = typeAt(typeUrl, join(path, '@type'), c)
  if (!desc) return null
  if (isWellKnown(desc)) {
    return { '@type': String(typeUrl), value: message(body.value, desc, join(path, 'value'), c) }
  }
  const inner = message(body, desc, path, c)
  return { '@type': String(typeUrl), ...(isObject(inner) ? (inner as { [k: string]: JsonValue }) : {}) }
}

/** Sent as written (Envoy converts it), but its fields are checked all the same. */
function typedStruct(value: JsonObject, path: string, c: Context): void {
  const typeUrl = value.type_url ?? value.typeUrl
  const name = typeNameOf(typeUrl)
  if (c.options.allowUnknownExtensions && name !== undefined && c.types.registry.getMessage(name) === undefined) {
    c.warn(join(path, 'type_url'), `${name} is not known and goes to Envoy unchecked`)
    return
  }
  const desc = typeAt(typeUrl, join(path, 'type_url'), c)
  if (desc) message(value.value ?? {}, desc, join(path, 'value'), c)
}

function typeAt(typeUrl: unknown, path: string, c: Context): DescMessage | undefined {
  const name = typeNameOf(typeUrl)
  if (name === undefined) {
    c.bad(path, `type.googleapis.com/<message> expected, got ${show(typeUrl)}`)
    return undefined
  }
  const desc = c.types.registry.getMessage(name)
  if (!desc) c.bad(path, `unknown type ${name}`)
  return desc
}

/** The message name of a type URL; undefined where there is no "/" with something on both sides. */
export function typeNameOf(typeUrl: unknown): string | undefined {
  if (typeof typeUrl !== 'string' || !/.\/./.test(typeUrl)) return undefined
  return typeUrl.slice(typeUrl.lastIndexOf('/') + 1)
}
