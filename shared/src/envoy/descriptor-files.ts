// The .proto files of Envoy's API as reflection gives them out: the bytes of a FileDescriptorProto, by file or by symbol.
import { toBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import type { EnvoyTypes } from './types.ts'

export interface DescriptorFiles {
  /** By the path of the file: `envoy/config/core/v3/base.proto`. */
  byName(name: string): Uint8Array | undefined
  /** By the full name of a message, an enum, a service or a method. */
  bySymbol(symbol: string): Uint8Array | undefined
}

export function createDescriptorFiles({ registry }: Pick<EnvoyTypes, 'registry'>): DescriptorFiles {
  const fileOf = (symbol: string) => registry.get(symbol)?.file ?? registry.getExtension(symbol)?.file
  return {
    byName(name) {
      for (const { proto } of registry.files) {
        if (proto.name === name) return toBinary(FileDescriptorProtoSchema, proto)
      }
      return undefined
    },
    bySymbol(symbol) {
      const file = fileOf(symbol) ?? fileOf(symbol.slice(0, Math.max(0, symbol.lastIndexOf('.'))))
      return file && toBinary(FileDescriptorProtoSchema, file.proto)
    },
  }
}
