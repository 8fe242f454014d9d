import { expect, test } from 'vitest'
import { mergeJson } from './merge.ts'
import { createEnvoyTypes } from './types.ts'

const types = createEnvoyTypes()
const TLS = { '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext' }

const cases: [what: string, base: object, over: object, merged: object][] = [
  ['nothing', { name: 'a' }, {}, { name: 'a' }],
  ['a scalar is replaced', { name: 'a', alt_stat_name: 'x' }, { name: 'b' }, { name: 'b', alt_stat_name: 'x' }],
  ['an enum is replaced', { lb_policy: 'RANDOM' }, { lb_policy: 'MAGLEV' }, { lb_policy: 'MAGLEV' }],
  ['a duration is replaced', { connect_timeout: '1s' }, { connect_timeout: '0.5s' }, { connect_timeout: '0.5s' }],
  [
    'messages are merged',
    { outlier_detection: { consecutive_5xx: 1, interval: '1s' } },
    { outlier_detection: { consecutive_5xx: 2 } },
    { outlier_detection: { consecutive_5xx: 2, interval: '1s' } },
  ],
  [
    'lists are appended',
    { circuit_breakers: { thresholds: [{ max_retries: 1 }] } },
    { circuit_breakers: { thresholds: [{ max_retries: 2 }] } },
    { circuit_breakers: { thresholds: [{ max_retries: 1 }, { max_retries: 2 }] } },
  ],
  [
    'a oneof is replaced',
    { type: 'EDS', name: 'a' },
    { cluster_type: { name: 'x' } },
    { name: 'a', cluster_type: { name: 'x' } },
  ],
  ['the same member of a oneof', { type: 'EDS' }, { type: 'STATIC' }, { type: 'STATIC' }],
  [
    'maps by key, structs by field',
    { metadata: { filter_metadata: { a: { x: 1 }, b: { y: 1 } } } },
    { metadata: { filter_metadata: { b: { z: 2 } } } },
    { metadata: { filter_metadata: { a: { x: 1 }, b: { z: 2 } } } },
  ],
  [
    'an Any is replaced',
    { transport_socket: { name: 't', typed_config: { ...TLS, sni: 'a' } } },
    { transport_socket: { typed_config: TLS } },
    { transport_socket: { name: 't', typed_config: TLS } },
  ],
]
test.each(cases)('%s', (_, base, over, merged) => {
  const before = structuredClone([base, over])
  const result = mergeJson({ ...base }, { ...over }, 'type.googleapis.com/envoy.config.cluster.v3.Cluster', types)
  expect(result).toEqual(merged)
  expect([base, over], 'the inputs stay').toEqual(before)
})
