// What gRPC's clients and servers get, beside the golden cases: what a change costs, and the names of servers.
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import { LISTENER, ROUTES } from '@fleetcast/shared/resources/types'
import { type Entry, isLink } from '@fleetcast/shared/store/set-store'
import { describe, expect, test } from 'vitest'
import { testCompiler } from '../testing/compiler.ts'
import { came, configMap, endpoint, service, slice, went } from '../testing/objects.ts'
import { byText } from '../world/order.ts'
import type { WorldChange } from '../world/world.ts'
import { untouched } from './compiler.ts'

const types = createEnvoyTypes()
const grpcPort = { name: 'grpc', port: 50051, targetPort: 9000, protocol: 'TCP' } as const
const echo = service('shop/echo', { ports: [grpcPort] })
const cart = service('shop/cart', { ports: [{ ...grpcPort, targetPort: 9001 }] })

function start(settings: string) {
  const compiler = testCompiler(types)
  const apply = (...changes: WorldChange[]) => compiler.apply(changes, new Set(['east']))
  const entries = (): ReadonlyMap<string, Entry> => {
    const all = [...(compiler.fleet('apps', untouched())?.entries.values() ?? [])]
    return new Map(all.map((entry) => [`${entry.type === LISTENER ? 'lds' : 'other'} ${entry.name}`, entry]))
  }
  apply(came(configMap('edge/apps', 'apps', { 'fleet.yaml': settings })))
  return { apply, entries, problems: () => compiler.problems('fleet/apps') }
}
const listeners = (entries: ReadonlyMap<string, Entry>): string[] =>
  [...entries.values()]
    .filter(({ type }) => type === LISTENER)
    .map(({ name }) => name)
    .sort(byText)

describe('the cost of a change', () => {
  test('an endpoint that moves touches no fleet', () => {
    const { apply, entries } = start('grpc: true')
    const first = slice('shop/echo', ['10.0.0.1'])
    apply(came(echo), came(first))
    entries()
    const second = slice('shop/echo', [endpoint('10.0.0.2')])
    const touched = apply(came(second, 'east', first))
    expect([...touched.fleets]).toEqual([])
    expect([...touched.views.values()].flatMap((names) => [...names])).toEqual(['shop/echo/grpc'])
  })

  test('a slice of a port that is a number touches no fleet, of one that is a name those that may serve it', () => {
    const { apply, entries } = start('grpc: true')
    const named = service('shop/cart', { ports: [{ ...grpcPort, targetPort: 'serving' }] })
    apply(came(echo), came(named))
    expect(listeners(entries()).filter((name) => name.endsWith('[::]:9001'))).toEqual([])
    const touchedBy = (...changes: WorldChange[]) => [...apply(...changes).fleets]
    expect(touchedBy(came(slice('shop/echo', ['10.0.0.1'])))).toEqual([])
    const ports = [{ name: 'grpc', port: 9001, protocol: 'TCP' }] as const
    const first = slice('shop/cart', ['10.0.0.2'], { ports })
    expect(touchedBy(came(first))).toEqual(['apps'])
    expect(listeners(entries()).filter((name) => name.endsWith('[::]:9001'))).toHaveLength(1)
    expect(touchedBy(came(slice('shop/cart', ['10.0.0.3'], { ports }), 'east', first))).toEqual([])
  })

  test('a Service that changes leaves what others have as it is', () => {
    const { apply, entries } = start('grpc: true')
    apply(came(echo), came(cart))
    const before = entries()
    apply(came({ ...echo, ports: [{ ...grpcPort, port: 50052 }] }, 'east', echo))
    const after = entries()
    expect(after.has('lds echo.shop:50051')).toBe(false)
    expect(after.has('lds echo.shop:50052')).toBe(true)
    for (const name of ['lds cart.shop:50051', 'other cart.shop:50051']) {
      expect(before.has(name)).toBe(true)
      expect(after.get(name)).toBe(before.get(name))
    }
  })

  test('a Service that goes takes its targets with it, and no other', () => {
    const { apply, entries } = start('grpc: true')
    apply(came(echo), came(cart))
    apply(went(echo))
    expect(listeners(entries()).filter((name) => !name.startsWith('grpc/'))).toEqual(['cart.shop:50051'])
  })
})

describe('names', () => {
  const target = 'echo.shop:50051'
  const serversOf = (prefix: string) => ['0.0.0.0', '[::]', '127.0.0.1', '[::1]'].map((host) => `${prefix}${host}:9000`)
  test.each([
    ['grpc: true', [target, ...serversOf('grpc/server?xds.resource.listening_address=')]],
    [
      'grpc: { naming: ["{service}.{namespace}:{portName}"], servers: { name: s/%s } }',
      ['echo.shop:grpc', ...serversOf('s/')],
    ],
    // An xdstp template takes the address percent-encoded.
    [
      'grpc: { servers: { name: "xdstp://a/envoy.config.listener.v3.Listener/%s" } }',
      [
        target,
        ...['0.0.0.0', '%5B%3A%3A%5D', '127.0.0.1', '%5B%3A%3A1%5D'].map(
          (host) => `xdstp://a/envoy.config.listener.v3.Listener/${host}%3A9000`,
        ),
      ],
    ],
    ['grpc: { servers: { name: "$&%s" } }', [target, ...serversOf('$&')]],
    ['grpc: true\nservices: { namespaces: [other] }', []],
    ['grpc: false', []],
    ['{}', []],
  ])('%s', (settings, expected) => {
    const { apply, entries, problems } = start(settings)
    apply(came(echo))
    expect(problems()).toEqual([])
    expect(listeners(entries())).toEqual(expected.toSorted(byText))
  })

  test('routes lead to the cluster by its first name', () => {
    const { apply, entries } = start(
      '{ grpc: true, naming: ["{namespace}:{service}:{port}", "{namespace}/{service}/{port}"] }',
    )
    apply(came(echo))
    const routes = [...entries().values()].find(({ type }) => type === ROUTES)
    expect(routes && !isLink(routes) && Buffer.from(routes.bytes).includes('shop:echo:50051')).toBe(true)
  })
})

test('the Listener of servers holds no secret', () => {
  const { apply, entries, problems } = start(`
grpc:
  servers:
    addresses: ["127.0.0.1:1"]
    listener:
      filter_chains:
      - filters: [{ name: envoy.filters.network.echo, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo } }]
        transport_socket:
          name: envoy.transport_sockets.tls
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
            common_tls_context: { tls_certificates: [{ certificate_chain: { filename: /c }, private_key: { filename: /k }, password: { inline_string: hidden } }] }
`)
  apply(came(echo))
  expect(listeners(entries())).toEqual(['echo.shop:50051'])
  const wrong = problems()
  expect(wrong.map(({ code, place }) => [code, place.line])).toEqual([['secret', 5]])
  expect(JSON.stringify(wrong)).not.toContain('hidden')
})
