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

  function sorted(value: unknown, desc: DescMessage): unknown {
    if (!mayVary(desc) || !isObject(value)) return value
    if (desc.typeName === 'google.protobuf.Any') return sortedAny(value)
    if (desc.typeName === 'google.protobuf.Struct') return sortedJson(value)
    const copy: JsonObject = { ...value } // with $typeName and unknown fields
    for (const field of desc.fields) {
      const { oneof, localName } = field
      if (!oneof) {
        if (copy[localName] !== undefined) copy[localName] = sortedField(copy[localName], field)
        continue
      }
      const chosen = copy[oneof.localName]
      if (isObject(chosen) && chosen.case === localName) {
        copy[oneof.localName] = { case: chosen.case, value: sortedField(chosen.value, field) }
      }
    }
    return copy
  }

  function sortedField(value: unknown, field: DescField): unknown {
    const { message } = field
    if (field.fieldKind === 'map' && isObject(value))
      return sortedKeys(value, (v) => (message ? sorted(v, message) : v))
    if (!message || !mayVary(message)) return value
    return Array.isArray(value) ? value.map((v: unknown) => sorted(v, message)) : sorted(value, message)
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

const sortedKeys = (value: JsonObject, convert: (v: unknown) => unknown): JsonObject =>
  Object.fromEntries(
    Object.keys(value)
      .sort(compareText)
      .map((k) => [k, convert(value[k])]),
  )

/** A Struct field is a plain JSON object in protobuf-es. */
function sortedJson(v: unknown): unknown {
  if (Array.isArray(v)) return v.map(sortedJson)
  return isObject(v) ? sortedKeys(v, sortedJson) : v
}
