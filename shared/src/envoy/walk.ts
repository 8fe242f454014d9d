// A walk over canonical JSON by its descriptors, through Any and TypedStruct: every message once, parents first.
import type { DescMessage } from '@bufbuild/protobuf'
import { canonical, isWellKnown, TYPED_STRUCT, typeNameOf } from './canonical-json.ts'
import { isObject, type JsonObject, join } from './json-value.ts'
import type { EnvoyTypes } from './types.ts'

export interface Visited {
  readonly desc: DescMessage
  /** Canonical: snake_case names, lists as lists, enums by name. Of a TypedStruct a copy. */
  readonly json: JsonObject
  readonly path: string
}

export function walkMessages(
  json: unknown,
  desc: DescMessage,
  types: EnvoyTypes,
  visit: (message: Visited) => void,
): void {
  const message = (value: unknown, d: DescMessage, path: string): void => {
    if (!isObject(value)) return
    if (d.typeName === 'google.protobuf.Any') {
      const inner = types.registry.getMessage(typeNameOf(value['@type']) ?? '')
      if (inner && isWellKnown(inner)) message(value.value, inner, join(path, 'value'))
      else if (inner) message(value, inner, path)
      return
    }
    if (isWellKnown(d)) return
    if (TYPED_STRUCT.test(d.typeName)) typedStruct(value, path)
    visit({ desc: d, json: value, path })
    for (const field of d.fields) {
      const member = value[field.name]
      const inner = field.message
      if (!inner || member === undefined || member === null) continue
      const here = join(path, field.name)
      if (Array.isArray(member)) for (const [i, v] of member.entries()) message(v, inner, join(here, i))
      else if (field.fieldKind !== 'map') message(member, inner, here)
      else if (isObject(member)) for (const [k, v] of Object.entries(member)) message(v, inner, join(here, k))
    }
  }
  /** Its fields travel as free JSON: they are read anew, in canonical form. */
  const typedStruct = (value: JsonObject, path: string): void => {
    const inner = types.registry.getMessage(typeNameOf(value.type_url) ?? '')
    if (inner) message(canonical(value.value ?? {}, inner, types.registry).json, inner, join(path, 'value'))
  }
  message(json, desc, '')
}
