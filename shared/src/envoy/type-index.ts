// The types with an index of their fields, made as they are asked for: looking one of a Cluster's eighty fields up by its
// name must not cost eighty comparisons.
import { type DescField, type DescMessage, type FileRegistry, getOption, hasOption } from '@bufbuild/protobuf'

export interface TypeIndex {
  readonly registry: FileRegistry
  /** The field with this name, in snake_case or camelCase. */
  readonly fieldOf: (desc: DescMessage, key: string) => DescField | undefined
  /** The fields of a message that Envoy's API marks as secret (udpa.annotations.sensitive). */
  readonly sensitiveFields: (desc: DescMessage) => readonly DescField[]
}

export function createTypeIndex(registry: FileRegistry): TypeIndex {
  const indexes = new Map<DescMessage, ReadonlyMap<string, DescField>>()
  return {
    registry,
    sensitiveFields: createSensitiveFields(registry),
    fieldOf: (desc, key) => {
      let index = indexes.get(desc)
      if (!index) {
        // The name of the .proto file wins over another field's camelCase.
        index = new Map([
          ...desc.fields.map((f) => [f.jsonName, f] as const),
          ...desc.fields.map((f) => [f.name, f] as const),
        ])
        indexes.set(desc, index)
      }
      return index.get(key)
    },
  }
}

/** The sensitive fields of a message; remembers its answers. */
function createSensitiveFields(types: FileRegistry): (desc: DescMessage) => readonly DescField[] {
  const option = types.getExtension('udpa.annotations.sensitive')
  const answers = new Map<DescMessage, readonly DescField[]>()
  return (desc) => {
    let answer = answers.get(desc)
    if (!answer) {
      answer = option ? desc.fields.filter((f) => hasOption(f, option) && getOption(f, option) === true) : []
      answers.set(desc, answer)
    }
    return answer
  }
}
