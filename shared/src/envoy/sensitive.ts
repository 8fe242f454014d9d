// Which parts of a resource are secret (rule 8): the fields that Envoy's API marks with udpa.annotations.sensitive. A
// file name or a variable's name in such a field is no secret, what stands inline is.
import type { DescField, DescMessage } from '@bufbuild/protobuf'
import { canonical, TYPED_STRUCT, typeNameOf } from './canonical-json.ts'
import { isObject, type JsonObject } from './json-value.ts'
import type { EnvoyTypes } from './types.ts'
import { type Visited, walkMessages } from './walk.ts'

export const REDACTED = '[redacted]'

/** Whether a message in canonical JSON holds a secret of its own, the messages in it apart. */
export function holdsSecret({ desc, json }: Visited, types: EnvoyTypes): boolean {
  return types
    .sensitiveFields(desc)
    .some((f) => json[f.name] !== undefined && redactedField(json[f.name], f) !== json[f.name])
}

/** A copy that may be shown: secrets are replaced by a word. Takes JSON with the field names of the .proto files. */
export function redact(json: unknown, desc: DescMessage, types: EnvoyTypes): unknown {
  const copy = structuredClone(json)
  walkMessages(copy, desc, types, ({ desc: d, json: m }) => {
    for (const f of types.sensitiveFields(d)) if (m[f.name] !== undefined) m[f.name] = redactedField(m[f.name], f)
    // The walk shows a copy of what is in there, so it is done here in place.
    if (TYPED_STRUCT.test(d.typeName)) redactStruct(m, types)
  })
  return copy
}

function redactStruct(m: JsonObject, types: EnvoyTypes): void {
  const inner = types.registry.getMessage(typeNameOf(m.type_url) ?? '')
  if (inner) m.value = redact(canonical(m.value ?? {}, inner, types).json, inner, types)
}

/** The value with its secrets replaced, or the very value where it holds none. */
function redactedField(value: unknown, field: DescField): unknown {
  if (Array.isArray(value)) {
    const items = value.map((v: unknown) => redactedField(v, field))
    return items.some((v, i) => v !== value[i]) ? items : value
  }
  if (field.message?.typeName !== 'envoy.config.core.v3.DataSource') return value === '' ? value : REDACTED
  if (!isObject(value)) return value
  const inline = ['inline_string', 'inline_bytes'].filter((key) => key in value)
  return inline.length === 0 ? value : { ...value, ...Object.fromEntries(inline.map((key) => [key, REDACTED])) }
}
