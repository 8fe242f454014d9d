// proto.Merge on canonical JSON: scalars are replaced, messages merged, lists appended, map entries replaced by key,
// oneofs replaced. Pure: neither input changes. Takes JSON with the field names of the .proto files. Where it differs:
// what is written counts, also a zero, and a duration is replaced whole (proto.Merge makes 1.5s of 1s and 0.5s).
import type { DescMessage } from '@bufbuild/protobuf'
import { isWellKnown } from './canonical-json.ts'
import { isObject, type JsonObject } from './json-value.ts'
import type { EnvoyTypes } from './types.ts'

/** `over` merged into `base`, both canonical JSON of one type. */
export function mergeJson(base: JsonObject, over: JsonObject, type: string, types: EnvoyTypes): JsonObject {
  const desc = types.message(type)
  return desc ? merge(base, over, desc) : { ...base, ...over }
}

function merge(base: JsonObject, over: JsonObject, desc: DescMessage): JsonObject {
  const out: JsonObject = { ...base }
  for (const field of desc.fields) {
    const value = over[field.name]
    if (value === undefined || value === null) continue
    const before = out[field.name]
    // Another member of a oneof takes the place of the one that was chosen.
    for (const rival of field.oneof?.fields ?? []) if (rival !== field) delete out[rival.name]
    if (field.fieldKind === 'list') out[field.name] = [...listOf(before), ...listOf(value)]
    else if (field.fieldKind === 'map')
      out[field.name] = isObject(before) && isObject(value) ? { ...before, ...value } : value
    else out[field.name] = member(before, value, field.message)
  }
  return out
}

function member(before: unknown, value: unknown, desc: DescMessage | undefined): unknown {
  if (!desc || !isObject(before) || !isObject(value)) return value
  // An Any is a message of two scalars: it is replaced. A Struct is a map.
  if (desc.typeName === 'google.protobuf.Struct') return { ...before, ...value }
  return isWellKnown(desc) ? value : merge(before, value, desc)
}

const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value]
