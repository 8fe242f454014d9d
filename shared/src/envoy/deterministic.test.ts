import { fromBinary, fromJson, type JsonValue, toBinary, toJson } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'
import { createEnvoyTypes } from './types.ts'

const { registry, message, encode } = createEnvoyTypes()
const CLUSTER = message('envoy.config.cluster.v3.Cluster')!
const ROUTES = message('envoy.config.route.v3.RouteConfiguration')!
const LISTENER = message('envoy.config.listener.v3.Listener')!
const BUFFER = {
  '@type': 'type.googleapis.com/envoy.extensions.filters.http.buffer.v3.BufferPerRoute',
  disabled: true,
}
const HCM = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'
const STRUCT = 'type.googleapis.com/xds.type.v3.TypedStruct'
const hosts = (perFilter: JsonValue) => ({
  virtual_hosts: [{ name: 'v', domains: ['*'], typed_per_filter_config: perFilter }],
})
const hcm = (perFilter: JsonValue) => ({
  filter_chains: [
    {
      filters: [{ name: 'h', typed_config: { '@type': HCM, stat_prefix: 's', route_config: hosts(perFilter) } }],
    },
  ],
})
const struct = (value: JsonValue) => ({ transport_socket: { name: 't', typed_config: { '@type': STRUCT, value } } })

const cases: [what: string, desc: typeof CLUSTER, one: JsonValue, other: JsonValue][] = [
  [
    'a map of Struct, and the keys within',
    CLUSTER,
    { metadata: { filter_metadata: { a: { x: 1, y: [{ p: 1, q: 2 }] }, b: {} } } },
    { metadata: { filter_metadata: { b: {}, a: { y: [{ q: 2, p: 1 }], x: 1 } } } },
  ],
  ['a map of Any', ROUTES, hosts({ a: BUFFER, b: BUFFER }), hosts({ b: BUFFER, a: BUFFER })],
  ['a map inside an Any', LISTENER, hcm({ a: BUFFER, b: BUFFER }), hcm({ b: BUFFER, a: BUFFER })],
  ['a Struct inside an Any', CLUSTER, struct({ a: 1, b: { c: 1, d: 2 } }), struct({ b: { d: 2, c: 1 }, a: 1 })],
]
test.each(cases)('rule 1: the same bytes in any order: %s', (_, desc, one, other) => {
  const a = fromJson(desc, one, { registry })
  const b = fromJson(desc, other, { registry })
  expect(toBinary(desc, a), 'plain encoding differs').not.toEqual(toBinary(desc, b))
  const bytes = encode(desc, a)
  expect(bytes).toEqual(encode(desc, b))
  expect(toJson(desc, fromBinary(desc, bytes), { registry }), 'nothing is lost').toEqual(toJson(desc, a, { registry }))
})
