// Messages made here (and not by a user) to bytes, and bytes back to JSON that may be shown. Pure.
import { fromBinary, fromJson, type Message, toJson } from '@bufbuild/protobuf'
import { canonical } from './canonical-json.ts'
import { asObject, isObject } from './json-value.ts'
import { redact } from './sensitive.ts'
import type { EnvoyTypes } from './types.ts'
import type { Issue } from './yaml-positions.ts'

export interface Encoded {
  readonly message: Message
  /** Depends on the content only. */
  readonly bytes: Uint8Array
  /** Canonical, with the field names of the .proto files. */
  readonly json: { readonly [key: string]: unknown }
}
export interface EncodeResult {
  /** undefined where an issue is an error. */
  readonly value: Encoded | undefined
  readonly issues: readonly Issue[]
}

/** JSON as lenient as a user's to bytes, by message name or type URL; all that is wrong with it in `issues`. */
export function encodeMessage(type: string, input: unknown, types: EnvoyTypes): EncodeResult {
  const desc = types.message(type)
  if (!desc) return { value: undefined, issues: [{ path: '', message: `unknown type ${type}` }] }
  const { json, issues } = canonical(input, desc, types)
  if (!isObject(json) || issues.some((i) => i.severity !== 'warning')) return { value: undefined, issues }
  try {
    const message = fromJson(desc, json, { registry: types.registry })
    const broken = types.validate(desc, message)
    if (broken.length > 0) return { value: undefined, issues: [...issues, ...broken] }
    return { value: { message, bytes: types.encode(desc, message), json }, issues }
  } catch (error) {
    return { value: undefined, issues: [...issues, { path: '', message: String(error) }] }
  }
}

/**
 * The JSON of an encoded resource for people, with every secret replaced (rule 8). Bytes of an unknown type or that are
 * no message come back as `{ error }`.
 */
export function decodeMessage(type: string, bytes: Uint8Array, types: EnvoyTypes): { readonly [key: string]: unknown } {
  const desc = types.message(type)
  if (!desc) return { error: `unknown type ${type}` }
  try {
    const json = toJson(desc, fromBinary(desc, bytes), { registry: types.registry, useProtoFieldName: true })
    return asObject(redact(json, desc, types))
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}

/** The same with its secrets, for an Envoy: never for people. Throws for bytes of an unknown type or that are no message. */
export function decodeExact(type: string, bytes: Uint8Array, types: EnvoyTypes): { readonly [key: string]: unknown } {
  const desc = types.message(type)
  if (!desc) throw new Error(`unknown type ${type}`)
  return asObject(toJson(desc, fromBinary(desc, bytes), { registry: types.registry, useProtoFieldName: true }))
}
