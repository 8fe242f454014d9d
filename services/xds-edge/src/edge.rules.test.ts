// Rules of the protocol that only a whole edge shows, over real sockets; its messages are read with Envoy's own descriptors.
import { decodeMessage, encodeMessage } from '@fleetcast/shared/envoy/encode'
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import { resource } from '@fleetcast/shared/resources/resource'
import { CLUSTER, ENDPOINTS, RESOURCE_TYPES } from '@fleetcast/shared/resources/types'
import { systemClock } from '@fleetcast/shared/runtime/clock'
import { silentLogger } from '@fleetcast/shared/runtime/logger'
import { createMetrics } from '@fleetcast/shared/runtime/metrics'
import { fleetSet } from '@fleetcast/shared/store/directory'
import { describe, expect, test } from 'vitest'
import { createEdge } from './edge.ts'
import { afterTest, endpoints, node, startEdge } from './testing/running-edge.ts'
import {
  ADS,
  ask,
  type Client,
  connectTo,
  converse,
  deltaRequest,
  openStream,
  sotwRequest,
} from './transport/testing/client.ts'

const types = createEnvoyTypes()
const DISCOVERY = 'envoy.service.discovery.v3'
const bytesOf = (type: string, json: object): Buffer => {
  const { value, issues } = encodeMessage(type, json, types)
  if (value === undefined) throw new Error(JSON.stringify(issues))
  return Buffer.from(value.bytes)
}
const decode = (message: string, bytes: Buffer) => decodeMessage(`${DISCOVERY}.${message}`, bytes, types)

/** Resources that Envoy's descriptors can read. */
const assignment = (name: string, ttlSeconds?: number) =>
  resource({ type: ENDPOINTS, name, bytes: bytesOf(ENDPOINTS, { cluster_name: name }), ttlSeconds })

/** The first answer of ADS to a delta request, as JSON. */
async function firstDelta(client: Client, request: object): Promise<Record<string, unknown>> {
  const talk = converse(client, `${ADS}/DeltaAggregatedResources`)
  talk.call.write(bytesOf(`${DISCOVERY}.DeltaDiscoveryRequest`, request))
  return decode('DeltaDiscoveryResponse', await talk.next())
}

describe('streams', () => {
  test('xDS rule 1: every type has its own streams, in both variants where the type has both', async () => {
    const { client } = await startEdge()
    const one = client()
    const answers = RESOURCE_TYPES.flatMap(({ service, stream, delta }) =>
      [stream, delta].filter((rpc) => rpc !== undefined).map((rpc) => `/envoy.service.${service}/${rpc}`),
    ).map(async (path) => [path, (await ask(one, path, Buffer.alloc(0))).status.code] as const)
    // A stream without a node is refused for that, an unknown one would be UNIMPLEMENTED (12).
    for (const [path, code] of await Promise.all(answers)) expect([path, code]).toEqual([path, 3])
    const { status } = await ask(
      one,
      '/envoy.service.route.v3.VirtualHostDiscoveryService/StreamVirtualHosts',
      Buffer.alloc(0),
    )
    expect(status.code).toBe(12)
  })

  test('xDS rule 4: the node is remembered from the first request', async () => {
    const { client, edge } = await startEdge()
    const stream = openStream(client(), 'delta')
    stream.send(deltaRequest({ node, type: CLUSTER }))
    await stream.next()
    stream.send(deltaRequest({ type: ENDPOINTS, names: ['a'] }))
    expect((await stream.next()).names).toEqual(['a'])
    expect(edge.nodes().map(({ id }) => id)).toEqual(['n1'])
  })

  test('xDS rule 7: a client that ends its half ends the stream, and nothing of it is left', async () => {
    const { client, edge } = await startEdge()
    const stream = openStream(client(), 'delta')
    stream.send(deltaRequest({ node, type: CLUSTER }))
    await stream.next()
    stream.call.end()
    expect((await stream.ended).code).toBe(0)
    await expect.poll(() => edge.status().streams).toBe(0)
    expect(edge.nodes()).toEqual([])
  })

  test('rule 101: a first request far above 4 MiB is read', async () => {
    const { client } = await startEdge({ entries: [assignment('a')] })
    const initial = Object.fromEntries(Array.from({ length: 18_000 }, (_, i) => [`${'x'.repeat(300)}${i}`, '1']))
    const request = deltaRequest({ node, type: ENDPOINTS, names: ['a'], initial })
    expect(request.length).toBeGreaterThan(5 * 1024 * 1024)
    const stream = openStream(client(), 'delta')
    stream.send(request)
    expect((await stream.next()).names).toEqual(['a'])
  })

  test.each([
    ['no type', { node }, 3, /type_url/],
    ['no node', { type: CLUSTER }, 3, /node/],
  ])(
    'rule 99: what ends a stream says why in words, and its code means nothing else: %s',
    async (_name, asked, code, words) => {
      const { client } = await startEdge()
      const stream = openStream(client(), 'sotw')
      stream.send(sotwRequest(asked))
      const status = await stream.ended
      expect([status.code, words.test(status.details)]).toEqual([code, true])
    },
  )
})

describe('messages', () => {
  test('xDS rules 8, 9, 60 and rule 94: what a delta response has, and has not', async () => {
    const { client } = await startEdge({ entries: [assignment('a', 5)] })
    const answer = await firstDelta(client(), { node, type_url: ENDPOINTS, resource_names_subscribe: ['a', 'none'] })
    const { version } = assignment('a', 5)
    expect(answer).toEqual({
      system_version_info: expect.stringMatching(/^[0-9a-f]{16}$/),
      type_url: ENDPOINTS,
      nonce: expect.stringMatching(/./),
      // Rule 80: no TTL for a client that did not ask for it.
      resources: [{ name: 'a', version, resource: { '@type': ENDPOINTS, cluster_name: 'a' } }],
      // Rule 94: old clients know no resource_errors, so it is the removed resources that say it. Rule 8: no identifier.
      removed_resources: ['none'],
    })
  })

  test('rule 80: with the feature announced the TTL is there, in SotW in the wrapper', async () => {
    const { client } = await startEdge({ entries: [assignment('a', 5)] })
    const one = client()
    const features = ['xds.config.supports-resource-ttl', 'xds.config.resource-in-sotw']
    const knowing = { id: 'n1', cluster: 'web', client_features: features }
    const answer = await firstDelta(one, { node: knowing, type_url: ENDPOINTS, resource_names_subscribe: ['a'] })
    expect(answer.resources).toMatchObject([{ ttl: '5s' }])
    const talk = converse(one, `${ADS}/StreamAggregatedResources`)
    talk.call.write(
      bytesOf(`${DISCOVERY}.DiscoveryRequest`, { node: knowing, type_url: ENDPOINTS, resource_names: ['a'] }),
    )
    const { resources } = decode('DiscoveryResponse', await talk.next())
    expect(resources).toMatchObject([
      { '@type': `type.googleapis.com/${DISCOVERY}.Resource`, ttl: '5s', resource: { cluster_name: 'a' } },
    ])
  })

  test('rule 97: locators and dynamic parameters are passed over', async () => {
    const { client } = await startEdge({ entries: [assignment('a')] })
    const answer = await firstDelta(client(), {
      node: { id: 'n1', cluster: 'web', dynamic_parameters: { x: { params: { k: 'v' } } } },
      type_url: ENDPOINTS,
      resource_names_subscribe: ['a'],
      resource_locators_subscribe: [{ name: 'b', dynamic_parameters: { k: 'v' } }],
      resource_locators_unsubscribe: [{ name: 'a' }],
    })
    expect(answer.resources).toMatchObject([{ name: 'a' }])
    expect(answer.removed_resources).toBeUndefined()
  })

  test('rule 98: client status has each resource of a node with its state, also with several streams', async () => {
    const { client } = await startEdge()
    const one = client()
    for (const type of [CLUSTER, ENDPOINTS]) {
      const stream = openStream(one, 'delta')
      stream.send(deltaRequest({ node, type, names: ['a'] }))
      const { nonce } = await stream.next()
      stream.send(deltaRequest({ type, nonce }))
    }
    const path = '/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus'
    const states = async (): Promise<unknown> => {
      const { message } = await ask(one, path, Buffer.alloc(0))
      const { config } = decodeMessage('envoy.service.status.v3.ClientStatusResponse', message!, types)
      const found = config as { generic_xds_configs: { type_url: string; client_status: string }[] }[]
      return found.flatMap(({ generic_xds_configs: each }) => each.map((x) => `${x.type_url} ${x.client_status}`))
    }
    await expect.poll(states).toEqual([`${CLUSTER} ACKED`, `${ENDPOINTS} ACKED`])
  })
})

test('rule 103: an edge that is behind does not send a node back to what it had before', async () => {
  const { store, put, client } = await startEdge()
  let isHeldBack = false
  const late: (() => void)[] = []
  let asked = 0
  const lagging: typeof store = {
    ...store,
    follow: (set, onNews, options) =>
      store.follow(set, (news) => (isHeldBack ? late.push(() => onNews(news)) : onNews(news)), options),
    heads: (sets) => {
      asked++
      return store.heads(sets)
    },
  }
  const parts = { clock: systemClock, random: Math.random, logger: silentLogger, metrics: createMetrics() }
  const edge = createEdge({ ...parts, store: lagging, name: 'edge-2', listen: { host: '127.0.0.1', port: 0 } })
  await edge.start()
  await edge.ready()
  afterTest(() => edge.stop())
  isHeldBack = true
  await put(fleetSet('web'), [endpoints('a', 2)])
  const first = openStream(client(), 'sotw')
  first.send(sotwRequest({ node, type: ENDPOINTS, names: ['a'] }))
  expect(String((await first.next()).values[0])).toBe('endpoints a 2')

  const other = connectTo(edge.addresses().grpc?.port ?? 0)
  afterTest(() => other.close())
  const second = openStream(other, 'sotw')
  const before = asked
  second.send(sotwRequest({ node, type: ENDPOINTS, names: ['a'] }))
  await expect.poll(() => asked).toBeGreaterThan(before)
  isHeldBack = false
  for (const tell of late) tell()
  expect(String((await second.next()).values[0])).toBe('endpoints a 2')
  expect(second.responses).toHaveLength(1)
})
