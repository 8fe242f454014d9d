// The hand-written codec against a protobuf library with Envoy's descriptors, and against bytes that are nothing.
import { encodeMessage } from '@fleetcast/shared/envoy/encode'
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import { resource } from '@fleetcast/shared/resources/resource'
import { CLUSTER, ENDPOINTS } from '@fleetcast/shared/resources/types'
import { array, assert, constantFrom, nat, property, tuple, uint8Array } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SotwRequest } from '../../protocol/messages.ts'
import { createRequestDecoder } from './decode-request.ts'
import { encodeResponse, framePrefixBytes } from './encode-response.ts'

const types = createEnvoyTypes()
const limits = { isTooMany: (names: number) => names > 2000, nameBytesMax: 1000 }
const bytesOf = (type: string, json: object): Buffer => {
  const { value, issues } = encodeMessage(type, json, types)
  if (value === undefined) throw new Error(JSON.stringify(issues))
  return Buffer.from(value.bytes)
}
const PACKAGE = 'envoy.service.discovery.v3'
const claOf = (name: string) => ({ '@type': ENDPOINTS, cluster_name: name })
const cla = (name: string) =>
  resource({
    type: ENDPOINTS,
    name,
    bytes: bytesOf(ENDPOINTS, { cluster_name: name }),
    aliases: ['ä'],
    ttlSeconds: 1.5,
  })

test('responses have the bytes that a protobuf library writes', () => {
  const resources = [cla('a'), cla('ü'.repeat(90))]
  const base = { type: ENDPOINTS, nonce: 'n1', version: 'v1', resources }
  const envelope = { type_url: ENDPOINTS, nonce: 'n1' }
  const sotw = bytesOf(`${PACKAGE}.DiscoveryResponse`, {
    ...envelope,
    version_info: 'v1',
    resources: resources.map(({ name }) => claOf(name)),
  })
  const delta = bytesOf(`${PACKAGE}.DeltaDiscoveryResponse`, {
    ...envelope,
    system_version_info: 'v1',
    removed_resources: ['x', 'y'],
    resources: resources.map(({ name, version }) => ({
      name,
      version,
      aliases: ['ä'],
      ttl: '1.5s',
      resource: claOf(name),
    })),
  })
  const bodyOf = (frame: Buffer): Buffer => frame.subarray(framePrefixBytes)
  expect(bodyOf(encodeResponse({ ...base, variant: 'sotw', removed: [] }))).toEqual(sotw)
  expect(bodyOf(encodeResponse({ ...base, variant: 'delta', ttl: true, removed: ['x', 'y'] }))).toEqual(delta)
})

test('requests are read as they were meant, and equal lists of names are one list', () => {
  const names = Array.from({ length: 100 }, (_, i) => `name-${i}`)
  const asked = bytesOf(`${PACKAGE}.DiscoveryRequest`, {
    node: { id: 'i', cluster: 'c', client_features: ['f'], user_agent_name: 'envoy' },
    type_url: CLUSTER,
    resource_names: names,
    error_detail: { code: 3, message: 'no' },
    response_nonce: 'n',
  })
  const decoder = createRequestDecoder(limits)
  const read = decoder.sotw(asked)
  expect(read).toMatchObject({ type: CLUSTER, nonce: 'n', names, error: { code: 3, message: 'no' } })
  const node = { id: 'i', cluster: 'c', clientFeatures: ['f'], userAgent: 'envoy' }
  expect(read).toMatchObject({ node })
  // Equal lists are one array, however often they come.
  const [first, second] = [read, decoder.sotw(Buffer.from(asked))] as SotwRequest[]
  expect(first!.names).toBe(second!.names)
  expect(first!.namesKey).toEqual(expect.any(String))
  expect(first!.namesKey).toBe(second!.namesKey)
  // So is one that begins as another one that came before it.
  const more = bytesOf(`${PACKAGE}.DiscoveryRequest`, { resource_names: [...names, 'more'] })
  const longer = [more, asked, more].map((bytes) => (decoder.sotw(bytes) as SotwRequest).names)
  expect(longer[0]).toHaveLength(101)
  expect(longer[0]).toBe(longer[2])
  // Another list of the same length has another key.
  const other = decoder.sotw(bytesOf(`${PACKAGE}.DiscoveryRequest`, { resource_names: ['name-x', ...names.slice(1)] }))
  expect((other as SotwRequest).namesKey).not.toBe(first!.namesKey)
})

test('whatever lists came before, each is read as it was meant', async () => {
  const decoder = createRequestDecoder(limits)
  const names = Array.from({ length: 12 }, (_, i) => `${'ü'.repeat(i)}-a-name-that-is-so-long-that-few-are-enough-${i}`)
  // Lists that begin and end alike, a list in two pieces with another field between them, and the same again and again.
  const list = tuple(constantFrom(0, 0, 0, 1), nat(12), nat(12)).map(([from, to, again]) => [
    names.slice(from, to),
    again > 9 ? names.slice(0, again) : [],
  ])
  const bytesOfList = ([list, more]: readonly (readonly string[])[]): Buffer =>
    Buffer.concat(
      [list, more].map((names) => bytesOf(`${PACKAGE}.DiscoveryRequest`, { type_url: CLUSTER, resource_names: names })),
    )
  await assert(
    property(array(list, { minLength: 2, maxLength: 8 }), (lists) => {
      for (const one of lists)
        expect(decoder.sotw(bytesOfList(one))).toMatchObject({ type: CLUSTER, names: one.flat() })
    }),
    { numRuns: 300 },
  )
})

test('bytes that are nothing give a fault or a request, never an exception', async () => {
  const decoder = createRequestDecoder(limits)
  await assert(
    property(uint8Array({ maxLength: 60 }), (bytes) => {
      decoder.sotw(Buffer.from(bytes))
      decoder.delta(Buffer.from(bytes))
    }),
    { numRuns: 2000 },
  )
  expect(decoder.delta(Buffer.alloc(40, 0x0b))).toBe('malformed')
  expect(decoder.delta(Buffer.from([18, 200, 1]))).toBe('malformed')
})

describe('more names than are read', () => {
  const names = (count: number, length = 1): string[] => Array.from({ length: count }, () => 'n'.repeat(length))
  const versions = (count: number) => Object.fromEntries(names(count).map((name, i) => [`${name}${i}`, '1']))
  const decoder = createRequestDecoder({ isTooMany: (count) => count > 1500, nameBytesMax: 10 })
  test.each<[string, object, 'DeltaDiscoveryRequest' | 'DiscoveryRequest', boolean]>([
    ['as many as may be', { resource_names: names(1500, 10) }, 'DiscoveryRequest', true],
    ['too many', { resource_names: names(1501) }, 'DiscoveryRequest', false],
    ['a long one', { resource_names: names(1, 11) }, 'DiscoveryRequest', false],
    ['subscribed', { resource_names_subscribe: names(1501) }, 'DeltaDiscoveryRequest', false],
    ['unsubscribed', { resource_names_unsubscribe: names(1501) }, 'DeltaDiscoveryRequest', false],
    ['held', { initial_resource_versions: versions(1501) }, 'DeltaDiscoveryRequest', false],
    ['rule 101: held, as many as may be', { initial_resource_versions: versions(1500) }, 'DeltaDiscoveryRequest', true],
  ])('%s', (_name, json, message, isRead) => {
    const bytes = bytesOf(`${PACKAGE}.${message}`, json)
    const read = message === 'DiscoveryRequest' ? decoder.sotw(bytes) : decoder.delta(bytes)
    expect(read === 'excessive' ? 'excessive' : 'read').toBe(isRead ? 'read' : 'excessive')
    // The next request is judged anew.
    expect(decoder.sotw(Buffer.alloc(0))).toMatchObject({ names: [] })
  })

  test('the same as before, where fewer may be', () => {
    let most = 100
    const changing = createRequestDecoder({ isTooMany: (count) => count > most, nameBytesMax: 10 })
    const bytes = bytesOf(`${PACKAGE}.DiscoveryRequest`, { resource_names: names(100, 10) })
    expect(changing.sotw(bytes)).toMatchObject({ names: names(100, 10) })
    most = 99
    expect(changing.sotw(bytes)).toBe('excessive')
  })
})
