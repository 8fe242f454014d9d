// What a client says it holds: read as a protobuf library wrote it, and found again whatever its order.
import { encodeMessage } from '@fleetcast/shared/envoy/encode'
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import { array, assert, constantFrom, nat, property, tuple } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DeltaRequest } from '../../protocol/messages.ts'
import { createRequestDecoder, type RequestFault } from './decode-request.ts'

const types = createEnvoyTypes()
type Pair = readonly [name: string, version: string]

/** One request with these pairs, in this order. */
function requestOf(pairs: readonly Pair[]): Buffer {
  const one = ([name, version]: Pair): Uint8Array => {
    const json = { initial_resource_versions: { [name]: version } }
    const { value } = encodeMessage('envoy.service.discovery.v3.DeltaDiscoveryRequest', json, types)
    if (value === undefined) throw new Error('not encoded')
    return value.bytes
  }
  return Buffer.concat(pairs.map(one))
}

const createDecoder = () => createRequestDecoder({ isTooMany: (names) => names > 500, nameBytesMax: 1000 })
function isRead(request: DeltaRequest | RequestFault): asserts request is DeltaRequest {
  if (typeof request === 'string') throw new Error(request)
}
function read(bytes: Buffer, decoder = createDecoder()): DeltaRequest {
  const request = decoder.delta(bytes)
  isRead(request)
  return request
}

describe('equal pairs', () => {
  const pairs = Array.from({ length: 100 }, (_, i): Pair => [`name-${i}`, `version-${i}`])

  test('are one map with one key, in whatever order they come', () => {
    const decoder = createDecoder()
    const [one, other, third] = [pairs, pairs.toReversed(), pairs.slice(0, 99)].map((some) =>
      read(requestOf(some), decoder),
    )
    expect(other?.initialVersions).toBe(one?.initialVersions)
    expect(other?.versionsKey).toBe(one?.versionsKey)
    expect(third?.initialVersions?.size).toBe(99)
    expect(third?.versionsKey).not.toBe(one?.versionsKey)
  })

  test.each<[string, Pair]>([
    ['another version', ['name-7', 'version-8']],
    ['another name', ['name-07', 'version-7']],
    ['names and versions that run together alike', ['name-7v', 'ersion-7']],
  ])('are told from others: %s', (_name, pair) => {
    const decoder = createDecoder()
    const one = read(requestOf(pairs), decoder)
    const other = read(requestOf(pairs.with(7, pair)), decoder)
    expect(other.versionsKey).not.toBe(one.versionsKey)
    expect([...(other.initialVersions ?? [])]).toEqual(pairs.with(7, pair))
  })

  test('of one name count as the last says, and have no key', () => {
    const decoder = createDecoder()
    const twice: Pair[] = [...pairs, ['name-0', 'newer']]
    for (const order of [twice, twice.toReversed(), twice]) {
      const { initialVersions, versionsKey } = read(requestOf(order), decoder)
      expect(initialVersions).toEqual(new Map(order))
      expect(versionsKey).toBeUndefined()
    }
  })

  test('with another field between them mean the same, and have no key', () => {
    const type = Buffer.from([18, 1, 120])
    const bytes = Buffer.concat([requestOf(pairs.slice(0, 50)), type, requestOf(pairs.slice(40))])
    const { type: url, initialVersions, versionsKey } = read(bytes)
    expect([url, initialVersions, versionsKey]).toEqual(['x', new Map(pairs), undefined])
    // The limit is one for all of them.
    const many = Array.from({ length: 300 }, (_, i): Pair => [`${i}`, ''])
    const more = Array.from({ length: 300 }, (_, i): Pair => [`more ${i}`, ''])
    expect(createDecoder().delta(Buffer.concat([requestOf(many), type, requestOf(more)]))).toBe('excessive')
  })
})

test('whatever came before, each request is read as it was written', async () => {
  const decoder = createDecoder()
  const text = constantFrom('', 'a', 'b', 'ä', 'a name of some length', '\u0000')
  const pairs = array(tuple(text, text), { maxLength: 6 })
  await assert(
    property(array(pairs, { minLength: 2, maxLength: 6 }), array(nat(5), { maxLength: 12 }), (lists, order) => {
      for (const i of order) {
        const list = lists[i % lists.length] ?? []
        expect(read(requestOf(list), decoder).initialVersions ?? new Map()).toEqual(new Map(list))
      }
    }),
    { numRuns: 500 },
  )
})

test.each<[string, Buffer]>([
  ['a pair longer than the request', Buffer.from([42, 9, 10, 1, 97])],
  ['a name longer than its pair', Buffer.from([42, 3, 10, 9, 97])],
  ['a pair that is broken after one that is not', Buffer.from([42, 3, 10, 1, 97, 42, 2, 10, 9])],
  ['no length at all', Buffer.from([42])],
])('what is broken is said to be, again and again: %s', (_name, bytes) => {
  const decoder = createDecoder()
  expect([decoder.delta(bytes), decoder.delta(bytes)]).toEqual(['malformed', 'malformed'])
})
