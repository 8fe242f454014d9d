// Envoy's types: the descriptor set of Envoy 1.40, opened once by whoever composes a process and read as far as it is asked
// for, and everything that is compiled from it. The descriptors are read from the files beside this one; nothing else is
// read, and nothing is done at import.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { DescMessage } from '@bufbuild/protobuf'
import { createEncoder, type Encode } from './deterministic.ts'
import { createLazyRegistry } from './lazy-registry.ts'
import { createValidator, type Validate } from './pgv.ts'
import { createTypeIndex, type TypeIndex } from './type-index.ts'
import { createUpgrade, type Upgrade } from './upgrade-v2.ts'

/** category -> extension name -> type names, as a running Envoy reports them. */
export type Extensions = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>

export interface EnvoyTypes extends TypeIndex {
  /** By message name or type URL. */
  readonly message: (type: string) => DescMessage | undefined
  readonly extensions: Extensions
  readonly upgrade: Upgrade
  /** The v3 name of a v2 message; any other name as it is. */
  readonly today: (type: string) => string
  readonly validate: Validate
  /** Bytes that depend on content only. */
  readonly encode: Encode
}

/** Opens the descriptors; throws only if the files that come with this package are damaged. */
export function createEnvoyTypes(): EnvoyTypes {
  const registry = createLazyRegistry(gunzipSync(readFileSync(new URL('./envoy-v1.40.binpb.gz', import.meta.url))))
  const index = createTypeIndex(registry)
  return {
    ...index,
    message: (type) => registry.getMessage(type.slice(type.lastIndexOf('/') + 1)),
    extensions: JSON.parse(
      readFileSync(new URL('./envoy-v1.40-extensions.json', import.meta.url), 'utf8'),
    ) as Extensions,
    ...createUpgrade(index),
    validate: createValidator(index),
    encode: createEncoder(registry),
  }
}
