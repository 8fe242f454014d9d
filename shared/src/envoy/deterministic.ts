// Bytes that depend on content only (rule 1 of the design). `toBinary` writes fields in number order but map entries in
// insertion order, so the same cluster read from two YAML files can differ. Here map entries are sorted, also inside
// Struct and inside Any. Never changes the message that it is given.
import { type DescField, type DescMessage, fromBinary, type Message, type Registry, toBinary } from '@bufbuild/protobuf'
import { compareText, isObject, type JsonObject } from './json-value.ts'

export type Bytes = Uint8Array<ArrayBuffer>
export type Encode = (desc: DescMessage, message: Message) => Bytes

/** The encoder of one type set; it remembers which messages need no visit. */
export function createEncoder(types: Registry): Encode {
  const answers = new Map<DescMessage, boolean>()

  /** Whether a map or an Any can occur anywhere below: most messages need no visit. */
  function mayVary(desc: DescMessage): boolean {
    let answer = answers.get(desc)
    if (answer === undefined) {
      const seen = new Set([desc])
      for (const d of seen) for (const f of d.fields) if (f.message) seen.add(f.message)
      answer = [...seen].some(
        (d) => d.typeName === 'google.protobuf.Any' || d.fields.some((f) => f.fieldKind === 'map'),
      )
      answers.set(desc, answer)
    }
    return answer
  }

  const plans = new Map<DescMessage, readonly DescField[]>()
  /** The fields that may hold a map or an Any. */
  function variable(desc: DescMessage): readonly DescField[] {
    let plan = plans.get(desc)
    if (!plan) {
      plan = desc.fields.filter((f) => f.fieldKind === 'map' || (f.message && mayVary(f.message)))
      plans.set(desc, plan)
    }
    return plan
  }

  function sorted(value: unknown, desc: DescMessage): unknown {
    if (!mayVary(desc) || !isObject(value)) return value
    if (desc.typeName === 'google.protobuf.Any') return sortedAny(value)
    if (desc.typeName === 'google.protobuf.Struct') return sortedJson(value)
    // Most messages hold nothing that varies: they are taken as they are.
    let copy: JsonObject | undefined
    const put = (key: string, before: unknown, after: unknown) => {
      if (after === before) return
      copy ??= { ...value } // with $typeName and unknown fields
      copy[key] = after
    }
    for (const field of variable(desc)) {
      const { oneof, localName } = field
      const member = value[oneof ? oneof.localName : localName]
      if (member === undefined) continue
      if (!oneof) put(localName, member, sortedField(member, field))
      else if (isObject(member) && member.case === localName) {
        const after = sortedField(member.value, field)
        put(oneof.localName, member, after === member.value ? member : { case: member.case, value: after })
      }
    }
    return copy ?? value
  }

  function sortedField(value: unknown, field: DescField): unknown {
    const { message } = field
    const one = (v: unknown) => (message ? sorted(v, message) : v)
    if (field.fieldKind === 'map' && isObject(value)) return sortedKeys(value, one)
    return Array.isArray(value) ? converted(value, one) : one(value)
  }

  /** The bytes within an Any were fixed when it was packed: they are made anew. */
  function sortedAny(any: JsonObject): unknown {
    const { typeUrl, value } = any
    if (typeof typeUrl !== 'string' || !(value instanceof Uint8Array)) return any
    const inner = types.getMessage(typeUrl.slice(typeUrl.lastIndexOf('/') + 1))
    if (!inner || !mayVary(inner)) return any
    return { ...any, value: encode(inner, fromBinary(inner, value)) }
  }

  // A copy of a message with sorted maps is a message of the same type.
  const encode: Encode = (desc, message) => toBinary(desc, sorted(message, desc) as Message) as Bytes
  return encode
}

/** The list with its items converted, or the very list where that changes nothing. */
function converted(list: readonly unknown[], convert: (v: unknown) => unknown): readonly unknown[] {
  const items = list.map(convert)
  return items.some((v, i) => v !== list[i]) ? items : list
}

/** The mapping with its keys in order and its values converted, or the very mapping where that changes nothing. */
function sortedKeys(value: JsonObject, convert: (v: unknown) => unknown): JsonObject {
  const keys = Object.keys(value)
  const ordered = keys.toSorted(compareText)
  const entries = ordered.map((k) => [k, convert(value[k])] as const)
  const isSame = entries.every(([k, v], i) => k === keys[i] && v === value[k])
  return isSame ? value : Object.fromEntries(entries)
}

/** A Struct field is a plain JSON object in protobuf-es. */
function sortedJson(v: unknown): unknown {
  if (Array.isArray(v)) return converted(v, sortedJson)
  return isObject(v) ? sortedKeys(v, sortedJson) : v
}
