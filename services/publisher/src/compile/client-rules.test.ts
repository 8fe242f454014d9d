// Rules of the protocol about content, which only the publisher can keep: what gRPC takes, and what Envoy takes whole.
import { decodeMessage } from '@fleetcast/shared/envoy/encode'
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import type { KubeObject } from '@fleetcast/shared/objects/object'
import { CLUSTER, ENDPOINTS, LISTENER, ROUTES } from '@fleetcast/shared/resources/types'
import { isLink } from '@fleetcast/shared/store/set-store'
import { describe, expect, test } from 'vitest'
import { testCompiler } from '../testing/compiler.ts'
import { came, configMap, endpoint, service, slice } from '../testing/objects.ts'
import { untouched } from './compiler.ts'

const types = createEnvoyTypes()
const ports = [{ name: 'grpc', port: 50051, targetPort: 9000, protocol: 'TCP' }] as const
const echo = service('shop/echo', { ports })
const addresses = (...endpoints: Parameters<typeof slice>[1]) =>
  slice('shop/echo', endpoints, { ports: [{ name: 'grpc', port: 9000, protocol: 'TCP' }] })

/** What stands at a path of a decoded message: `endpoints.0.priority`; undefined where there is nothing. */
const at = (message: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((found, key) => (Object(found) as Record<string, unknown>)[key], message)
const listAt = (message: unknown, path: string): readonly unknown[] => [at(message, path) ?? []].flat()
const namesOf = (messages: readonly unknown[]): string[] => messages.map((each) => String(at(each, 'name'))).sort()

/** What the fleet is served, by type and name, from documents and objects by site. */
function compile(
  documents: Readonly<Record<string, string>>,
  objects: Readonly<Record<string, readonly KubeObject[]>>,
) {
  const compiler = testCompiler(types)
  const changes = Object.entries(objects).flatMap(([site, all]) => all.map((each) => came(each, site)))
  compiler.apply([came(configMap('edge/apps', 'apps', documents)), ...changes], new Set(Object.keys(objects)))
  const entries = [...(compiler.fleet('apps', untouched())?.entries.values() ?? [])]
  const of = (type: string): readonly unknown[] =>
    entries.flatMap((entry) => {
      const found = isLink(entry) ? compiler.assignment(entry.link.slice('endpoints/'.length), entry.name) : entry
      return entry.type === type && found ? [decodeMessage(entry.type, found.bytes, types)] : []
    })
  return { of, problems: compiler.problems('fleet/apps') }
}

describe('what gRPC takes', () => {
  const { of } = compile({ 'fleet.yaml': 'grpc: true' }, { east: [echo, addresses('10.0.0.1')] })

  test('rule 86: the Listener of a target has its name, port and all', () => {
    expect(namesOf(of(LISTENER))).toContain('echo.shop:50051')
    expect(namesOf(of(ROUTES))).toEqual(['echo.shop:50051'])
  })

  test('rule 87: a client Listener is an api_listener with routes by ADS, to clusters with endpoints by ADS', () => {
    const manager = at(
      of(LISTENER).find((each) => at(each, 'name') === 'echo.shop:50051'),
      'api_listener.api_listener',
    )
    expect(at(manager, '@type')).toMatch(/HttpConnectionManager$/)
    expect(at(manager, 'rds')).toMatchObject({ route_config_name: 'echo.shop:50051', config_source: { ads: {} } })
    const [cluster] = of(CLUSTER)
    expect(at(cluster, 'eds_cluster_config.eds_config.ads')).toEqual({})
    const asked = at(cluster, 'eds_cluster_config.service_name') ?? at(cluster, 'name')
    expect(of(ENDPOINTS).map((each) => at(each, 'cluster_name'))).toEqual([asked])
  })

  test('rule 88: a server Listener has the name of the template and the address in it, and nothing that gRPC refuses', () => {
    const servers = of(LISTENER).filter((each) => String(at(each, 'name')).startsWith('grpc/server?'))
    expect(namesOf(servers)).toEqual([
      'grpc/server?xds.resource.listening_address=0.0.0.0:9000',
      'grpc/server?xds.resource.listening_address=127.0.0.1:9000',
      'grpc/server?xds.resource.listening_address=[::1]:9000',
      'grpc/server?xds.resource.listening_address=[::]:9000',
    ])
    for (const server of servers) {
      const host = String(at(server, 'address.socket_address.address'))
      const port = at(server, 'address.socket_address.port_value')
      expect(String(at(server, 'name')).endsWith(`=${host.includes(':') ? `[${host}]` : host}:${port}`)).toBe(true)
      expect(new Set(Object.keys(Object(server)))).toEqual(new Set(['address', 'filter_chains', 'name']))
    }
  })
})

describe('assignments', () => {
  const settings = {
    'fleet.yaml': 'grpc: true\nendpoints: { sites: { order: [east, mid, west], failover: priority } }',
  }
  const localitiesOf = (sites: Readonly<Record<string, readonly KubeObject[]>>): readonly unknown[] =>
    listAt(compile(settings, sites).of(ENDPOINTS)[0], 'endpoints')
  const priorityOf = (locality: unknown): unknown => at(locality, 'priority') ?? 0

  test('rule 89: weights, priorities without gaps, a locality once a priority, an address once, IP literals', () => {
    const zone = { zone: 'a' }
    const localities = localitiesOf({
      east: [
        echo,
        addresses(endpoint('10.0.0.1', zone), endpoint('10.0.0.2', zone), endpoint('10.0.0.1', { zone: 'b' })),
      ],
      mid: [echo],
      west: [echo, addresses(endpoint('10.0.0.2', zone), endpoint('10.0.0.3', zone))],
    })
    const keys = localities.map((each) => `${priorityOf(each)} ${JSON.stringify(at(each, 'locality'))}`)
    expect(new Set(keys).size).toBe(keys.length)
    expect([...new Set(localities.map(priorityOf))]).toEqual([0, 1])
    expect(localities.map((each) => Number(at(each, 'load_balancing_weight')) >= 1)).not.toContain(false)
    const hosts = localities
      .flatMap((each) => listAt(each, 'lb_endpoints'))
      .map((each) => at(each, 'endpoint.address.socket_address.address'))
    expect(hosts.sort()).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3'])
  })

  const gone = endpoint('10.0.0.1', { ready: false, serving: false })
  test.each([
    ['what is not ready is not there', ['10.0.0.2', gone], [0, 1]],
    ['a priority of which nothing is left is none: the next one takes its place', [gone], [0]],
  ])('rule 85: %s, so that failover needs no overprovisioning', (_title, east, priorities) => {
    const localities = localitiesOf({ east: [echo, addresses(...east)], west: [echo, addresses('10.0.0.3')] })
    expect(localities.map(priorityOf)).toEqual(priorities)
    expect(localities.map((each) => listAt(each, 'lb_endpoints').length)).toEqual(priorities.map(() => 1))
  })

  test('rule 85: no overprovisioning factor is asked for', () => {
    const { of } = compile(settings, { east: [echo, addresses('10.0.0.1')] })
    expect(at(of(ENDPOINTS)[0], 'policy')).toBeUndefined()
  })
})

test('rule 100: a listener with its routes inside is one resource, so that filters and routes change together', () => {
  const listener = `
- name: web
  address: { socket_address: { address: 0.0.0.0, port_value: 80 } }
  filter_chains:
  - filters:
    - name: envoy.filters.network.http_connection_manager
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
        stat_prefix: web
        route_config: { name: inside, virtual_hosts: [{ name: all, domains: ["*"], routes: [{ match: { prefix: / }, direct_response: { status: 200 } }] }] }
        http_filters:
        - name: envoy.filters.http.router
          typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
`
  const { of, problems } = compile({ 'listeners.yaml': listener }, { east: [] })
  expect(problems).toEqual([])
  expect(of(ROUTES)).toEqual([])
  expect(at(of(LISTENER)[0], 'filter_chains.0.filters.0.typed_config.route_config.name')).toBe('inside')
})
