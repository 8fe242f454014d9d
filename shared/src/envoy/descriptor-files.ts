// The .proto files of Envoy's API and of gRPC's own services as reflection gives them out: the bytes of a FileDescriptorProto, by file or by symbol.
import { toBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { createGrpcFiles } from './grpc-files.ts'
import type { EnvoyTypes } from './types.ts'

export interface DescriptorFiles {
  /** By the path of the file: `envoy/config/core/v3/base.proto`. */
  byName(name: string): Uint8Array | undefined
  /** By the full name of a message, an enum, a service or a method. */
  bySymbol(symbol: string): Uint8Array | undefined
}

export function createDescriptorFiles({ registry }: Pick<EnvoyTypes, 'registry'>): DescriptorFiles {
  const own = createGrpcFiles()
  const fileOf = (symbol: string) => registry.get(symbol)?.file ?? registry.getExtension(symbol)?.file
  return {
    byName(name) {
      const file = registry.getFile(name)
      return file ? toBinary(FileDescriptorProtoSchema, file.proto) : own.find((one) => one.name === name)?.bytes
    },
    bySymbol(symbol) {
      const file = fileOf(symbol) ?? fileOf(symbol.slice(0, Math.max(0, symbol.lastIndexOf('.'))))
      if (file) return toBinary(FileDescriptorProtoSchema, file.proto)
      return own.find((one) => symbol.startsWith(`${one.package}.`))?.bytes
    },
  }
}
