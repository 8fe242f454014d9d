// A bootstrap is right where Envoy's own schema takes it.
import { encodeMessage } from '@fleetcast/shared/envoy/encode'
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import { describe, expect, test } from 'vitest'
import { type BootstrapChoice, envoyBootstrap } from './envoy-bootstrap.ts'

const types = createEnvoyTypes()
const plain: BootstrapChoice = {
  fleet: 'shop',
  nodeId: 'a',
  edge: { host: '127.0.0.1', port: 18000 },
  protocol: 'delta',
  envoyAdmin: { host: '127.0.0.1', port: 0 },
}

const rows: [name: string, choice: Partial<BootstrapChoice>, contains: readonly string[]][] = [
  ['delta', {}, ['"DELTA_GRPC"', '"cluster":"shop"', '"STATIC"', '"port_value":18000']],
  ['state of the world', { protocol: 'sotw' }, ['"GRPC"']],
  ['REST', { protocol: 'rest' }, ['"REST"', '"cluster_names":["fleetcast"]']],
  ['files', { protocol: 'files', outputDir: '/srv' }, ['"/srv/lds.yaml"', '"/srv/cds.yaml"']],
  ['a name', { edge: { host: 'edge.fleet', port: 1 } }, ['"STRICT_DNS"']],
  [
    'TLS',
    { edge: { host: 'edge.fleet', port: 1 }, edgeCa: '/ca' },
    ['"sni":"edge.fleet"', '"/ca"', '"exact":"edge.fleet"'],
  ],
  ['mutual TLS', { edgeCa: '/ca', tlsCert: '/c', tlsKey: '/k' }, ['"/c"', '"/k"', '"IP_ADDRESS"']],
]

describe('the bootstrap of an Envoy', () => {
  test.each(rows)('%s', (_name, choice, contains) => {
    const { value, issues } = encodeMessage(
      'envoy.config.bootstrap.v3.Bootstrap',
      envoyBootstrap({ ...plain, ...choice }),
      types,
    )
    expect(issues).toEqual([])
    for (const text of contains) expect(JSON.stringify(value?.json)).toContain(text)
  })
})
