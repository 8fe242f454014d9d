// The lazy registry beside protobuf's own, over the same bytes: the same types, whatever is asked for first.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { createFileRegistry, type DescMessage, fromBinary, fromJson, toBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { expect, it } from 'vitest'
import { compareText } from './json-value.ts'
import { createLazyRegistry } from './lazy-registry.ts'

const bytes = gunzipSync(readFileSync(new URL('./envoy-v1.40.binpb.gz', import.meta.url)))
const whole = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes))

/** What a type is, down to its fields and what they refer to. */
const shapeOf = (type: ReturnType<typeof whole.get>): unknown =>
  type?.kind === 'message'
    ? type.fields.map((f) => [f.name, f.number, f.fieldKind, f.message?.typeName, f.enum?.typeName, f.oneof?.name])
    : type?.kind === 'enum'
      ? type.values.map(({ name, number }) => [name, number])
      : type?.toString()

const named = (types: Iterable<{ readonly typeName: string }>): string[] =>
  [...types].map(({ typeName }) => typeName).sort(compareText)

it('has every type, the same', () => {
  const lazy = createLazyRegistry(bytes)
  expect(named(lazy)).toEqual(named(whole))
  for (const type of whole)
    expect([type.typeName, shapeOf(lazy.get(type.typeName))]).toEqual([type.typeName, shapeOf(type)])
})

it('has every file, the same', () => {
  const content = (files: typeof whole.files) =>
    [...files]
      .map(({ proto }) => Buffer.from(toBinary(FileDescriptorProtoSchema, proto)).toString('base64'))
      .sort(compareText)
  expect(content(createLazyRegistry(bytes).files)).toEqual(content(whole.files))
})

it('has every extension by what it extends', () => {
  const lazy = createLazyRegistry(bytes)
  for (const type of whole) {
    if (type.kind !== 'extension') continue
    expect(lazy.getExtensionFor(type.extendee, type.number)?.typeName).toBe(type.typeName)
  }
})

it('gives a type that two files refer to as one', () => {
  const lazy = createLazyRegistry(bytes)
  const inField = (message: string, field: string): DescMessage | undefined =>
    lazy.getMessage(message)?.fields.find(({ name }) => name === field)?.message
  const address = lazy.getMessage('envoy.config.core.v3.Address')
  expect(address).toBeDefined()
  expect(inField('envoy.config.listener.v3.Listener', 'address')).toBe(address)
  expect(inField('envoy.config.endpoint.v3.Endpoint', 'address')).toBe(address)
})

it('reads what stands in an Any', () => {
  const lazy = createLazyRegistry(bytes)
  const json = {
    name: 'c',
    transport_socket: {
      name: 't',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
        sni: 'x',
      },
    },
  }
  const encoded = (registry: typeof whole): Uint8Array => {
    const desc = registry.getMessage('envoy.config.cluster.v3.Cluster') as DescMessage
    return toBinary(desc, fromJson(desc, json, { registry }))
  }
  expect(encoded(lazy)).toEqual(encoded(whole))
})

it.each(['envoy.config.cluster.v3.Clusters', '', 'envoy', 'envoy.config.cluster.v3'])('knows no type %j', (name) => {
  expect(createLazyRegistry(bytes).get(name)).toBeUndefined()
})
