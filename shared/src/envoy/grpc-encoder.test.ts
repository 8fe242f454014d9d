// The direct encoder gives the bytes of the general one, which reads the same content as a user would write it.
import { expect, test } from 'vitest'
import { LISTENER, ROUTES } from '../resources/types.ts'
import { encodeTargetListener, encodeTargetRoutes } from './grpc-encoder.ts'
import { readItem } from './item.ts'
import { createEnvoyTypes } from './types.ts'

const types = createEnvoyTypes()
const TYPE = 'type.googleapis.com/envoy.extensions.filters'

const listener = (name: string, routes: string): object => ({
  name,
  api_listener: {
    api_listener: {
      '@type': `${TYPE}.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: name,
      rds: { config_source: { ads: {}, resource_api_version: 'V3' }, route_config_name: routes },
      http_filters: [{ name: 'envoy.filters.http.router', typed_config: { '@type': `${TYPE}.http.router.v3.Router` } }],
    },
  },
})
const routes = (name: string, cluster: string): object => ({
  name,
  virtual_hosts: [{ name, domains: ['*'], routes: [{ match: { prefix: '' }, route: { cluster } }] }],
})

const long = `${'a'.repeat(63)}.${'b'.repeat(63)}:50051`

test.each([
  ['echo.shop:50051', 'shop/echo/grpc'],
  [long, long.repeat(3)],
  ['ärger', '東京'],
])('%s', (name, other) => {
  const written = (type: string, value: object): Uint8Array | undefined => {
    const { item, problems } = readItem({ type, name, value, path: '', index: 0, issues: [] }, new Map(), { types })
    expect(problems).toEqual([])
    return item?.bytes
  }
  expect(Buffer.from(encodeTargetListener(name, other))).toEqual(
    Buffer.from(written(LISTENER, listener(name, other)) ?? []),
  )
  expect(Buffer.from(encodeTargetRoutes(name, other))).toEqual(Buffer.from(written(ROUTES, routes(name, other)) ?? []))
})
