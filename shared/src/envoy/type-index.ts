// The types with an index of their fields, made as they are asked for: looking one of a Cluster's eighty fields up by its
// name must not cost eighty comparisons.
import type { DescField, DescMessage, FileRegistry } from '@bufbuild/protobuf'

export interface TypeIndex {
  readonly registry: FileRegistry
  /** The field with this name, in snake_case or camelCase. */
  readonly fieldOf: (desc: DescMessage, key: string) => DescField | undefined
}

export function createTypeIndex(registry: FileRegistry): TypeIndex {
  const indexes = new Map<DescMessage, ReadonlyMap<string, DescField>>()
  return {
    registry,
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
