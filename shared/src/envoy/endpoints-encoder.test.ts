import { create, type DescMessage, type MessageShape, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeEndpoints, type PlainAssignment, type PlainEndpoint, type SocketAddress } from './endpoints-encoder.ts'
import { createEnvoyTypes } from './types.ts'

const { message, encode } = createEnvoyTypes()
const ASSIGNMENT = message('envoy.config.endpoint.v3.ClusterLoadAssignment')!
const METADATA = message('envoy.config.core.v3.Metadata')!
const HEALTH = { UNKNOWN: 0, HEALTHY: 1, UNHEALTHY: 2, DRAINING: 3, DEGRADED: 5 }

/** The slow way: the same content as a message of protobuf-es. */
function viaMessage({ clusterName, localities }: PlainAssignment): Uint8Array {
  const address = (a: SocketAddress) => ({
    address: {
      case: 'socketAddress',
      value: { address: a.address, portSpecifier: { case: 'portValue', value: a.port } },
    },
  })
  const endpoint = (e: PlainEndpoint) => ({
    hostIdentifier: {
      case: 'endpoint',
      value: {
        address: address(e),
        hostname: e.hostname ?? '',
        additionalAddresses: (e.additionalAddresses ?? []).map((a) => ({ address: address(a) })),
      },
    },
    healthStatus: HEALTH[e.health ?? 'UNKNOWN'],
    ...(e.metadata ? { metadata: { filterMetadata: { 'envoy.lb': { a: 'b' } } } } : {}),
    ...(e.weight === undefined ? {} : { loadBalancingWeight: e.weight }),
  })
  const init = {
    clusterName,
    endpoints: localities.map((l) => ({
      ...(l.region === undefined && l.zone === undefined && l.subZone === undefined
        ? {}
        : { locality: { region: l.region ?? '', zone: l.zone ?? '', subZone: l.subZone ?? '' } }),
      lbEndpoints: l.endpoints.map(endpoint),
      priority: l.priority ?? 0,
      ...(l.weight === undefined ? {} : { loadBalancingWeight: l.weight }),
    })),
  }
  return toBinary(ASSIGNMENT, create(ASSIGNMENT, init as unknown as MessageShape<DescMessage>))
}
const metadata = encode(
  METADATA,
  create(METADATA, { filterMetadata: { 'envoy.lb': { a: 'b' } } } as unknown as MessageShape<DescMessage>),
)

const cases: [what: string, assignment: PlainAssignment][] = [
  ['nothing', { clusterName: 'c', localities: [] }],
  ['one endpoint', { clusterName: 'c', localities: [{ endpoints: [{ address: '10.0.0.1', port: 80 }] }] }],
  ['a locality that is empty', { clusterName: 'c', localities: [{ region: '', endpoints: [] }] }],
  [
    'everything',
    {
      clusterName: 'namespace/sérvice/http',
      localities: [
        {
          region: 'r',
          zone: 'z',
          subZone: 's',
          priority: 200,
          weight: 3,
          endpoints: [
            {
              address: 'fd00::1',
              port: 65535,
              additionalAddresses: [{ address: '10.0.0.1', port: 8080 }],
              hostname: 'h',
              health: 'DEGRADED',
              weight: 128,
              metadata,
            },
            { address: '/', port: 0, health: 'DRAINING', weight: 0 },
          ],
        },
        { priority: 1, weight: 4294967295, endpoints: [] },
      ],
    },
  ],
]
test.each(cases)('the very bytes of the general encoder: %s', (_, assignment) => {
  expect(encodeEndpoints(assignment)).toEqual(viaMessage(assignment))
})

test('the very bytes of the general encoder: a thousand endpoints', () => {
  const endpoints = Array.from({ length: 1000 }, (_, i) => ({ address: `10.1.${i >> 8}.${i & 255}`, port: i + 1 }))
  const assignment = { clusterName: 'x'.repeat(300), localities: [{ zone: 'a', endpoints }] }
  expect(encodeEndpoints(assignment)).toEqual(viaMessage(assignment))
})

const uint32 = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 0xffff_ffff }))
const text = fc.oneof(fc.string({ maxLength: 5 }), fc.string({ unit: 'grapheme', maxLength: 200 }))
const socket = fc.record({ address: text, port: fc.integer({ min: 0, max: 65535 }) })
const endpoint = fc
  .tuple(
    socket,
    fc.record(
      {
        additionalAddresses: fc.array(socket, { maxLength: 3 }),
        hostname: text,
        health: fc.constantFrom('UNKNOWN', 'HEALTHY', 'UNHEALTHY', 'DRAINING', 'DEGRADED'),
        weight: uint32,
        metadata: fc.constant(metadata),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([address, more]) => ({ ...address, ...more }) as PlainEndpoint)
const locality = fc
  .tuple(
    fc.array(endpoint, { maxLength: 5 }),
    fc.record({ region: text, zone: text, subZone: text, priority: uint32, weight: uint32 }, { requiredKeys: [] }),
  )
  .map(([endpoints, more]) => ({ ...more, endpoints }))

test('the very bytes of the general encoder: anything', () => {
  const assignment = fc.record({ clusterName: text, localities: fc.array(locality, { maxLength: 4 }) })
  fc.assert(
    fc.property(assignment, (a) => {
      expect(Buffer.from(encodeEndpoints(a)).equals(viaMessage(a))).toBe(true)
    }),
    { seed: 20261121, numRuns: 300 },
  )
})
