// A walk over canonical JSON by its descriptors, through Any and TypedStruct: every message once, parents first.
import type { DescMessage } from '@bufbuild/protobuf'
import { canonical, isWellKnown, TYPED_STRUCT, typeNameOf } from './canonical-json.ts'
import { dot, isObject, type JsonObject, join } from './json-value.ts'
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
      if (inner && isWellKnown(inner)) message(value.value, inner, dot(path, 'value'))
      else if (inner) message(value, inner, path)
      return
    }
    if (isWellKnown(d)) return
    if (TYPED_STRUCT.test(d.typeName)) typedStruct(value, path)
    visit({ desc: d, json: value, path })
    for (const key in value) {
      const field = types.fieldOf(d, key)
      const inner = field?.message
      const member = value[key]
      if (!inner || member === undefined || member === null) continue
      const here = dot(path, key)
      if (Array.isArray(member)) for (let i = 0; i < member.length; i++) message(member[i], inner, `${here}[${i}]`)
      else if (field.fieldKind !== 'map') message(member, inner, here)
      else if (isObject(member)) for (const [k, v] of Object.entries(member)) message(v, inner, join(here, k))
    }
  }
  /** Its fields travel as free JSON: they are read anew, in canonical form. */
  const typedStruct = (value: JsonObject, path: string): void => {
    const inner = types.registry.getMessage(typeNameOf(value.type_url) ?? '')
    if (inner) message(canonical(value.value ?? {}, inner, types).json, inner, dot(path, 'value'))
  }
  message(json, desc, '')
}
