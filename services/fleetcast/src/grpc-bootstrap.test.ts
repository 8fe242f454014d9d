// The bootstrap of a gRPC application, as text; integration/clients gives it to the libraries themselves.
import { expect, test } from 'vitest'
import { grpcBootstrap } from './grpc-bootstrap.ts'

const plain = { fleet: 'apps', nodeId: 'a', edge: { host: '::1', port: 1 } }

test.each([
  ['plain text', {}, { type: 'insecure' }],
  ['TLS', { edgeCa: '/ca' }, { type: 'tls', config: { ca_certificate_file: '/ca', refresh_interval: '600s' } }],
  [
    'mutual TLS, trusting whom the machine trusts',
    { tlsCert: '/c', tlsKey: '/k' },
    { type: 'tls', config: { certificate_file: '/c', private_key_file: '/k', refresh_interval: '600s' } },
  ],
])('%s', (_name, choice, credentials) => {
  expect(grpcBootstrap({ ...plain, ...choice })).toMatchObject({
    xds_servers: [{ server_uri: '[::1]:1', channel_creds: [credentials] }],
    node: { id: 'a', cluster: 'apps' },
  })
})
