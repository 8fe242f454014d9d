// What an edge answers beside discovery, over real sockets; its messages are read with Envoy's own descriptors.
import { decodeMessage, encodeMessage } from '@fleetcast/shared/envoy/encode'
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import { CLUSTER, ENDPOINTS, LISTENER } from '@fleetcast/shared/resources/types'
import { createMetrics } from '@fleetcast/shared/runtime/metrics'
import { fleetSet } from '@fleetcast/shared/store/directory'
import { describe, expect, test } from 'vitest'
import { endpoints, node, type Running, startEdge } from './testing/running-edge.ts'
import {
  ask,
  type Client,
  converse,
  deltaRequest,
  field,
  fieldsOf,
  openStream,
  sotwRequest,
} from './transport/testing/client.ts'

const types = createEnvoyTypes()
const bytesOf = (type: string, json: object): Buffer => {
  const { value, issues } = encodeMessage(type, json, types)
  if (value === undefined) throw new Error(JSON.stringify(issues))
  return Buffer.from(value.bytes)
}

describe('health', () => {
  const CHECK = '/grpc.health.v1.Health/Check'
  test.each([
    ['the whole', '', 0, [8, 1]],
    ['a service', 'envoy.service.discovery.v3.AggregatedDiscoveryService', 0, [8, 1]],
    ['a service that is not there', 'no.Such', 5, undefined],
  ])('%s', async (_name, service, code, answer) => {
    const { client } = await startEdge()
    const reply = await ask(client(), CHECK, service === '' ? Buffer.alloc(0) : field(1, service))
    expect([reply.status.code, reply.message && [...reply.message]]).toEqual([code, answer])
  })

  test('who watches hears that the edge stops', async () => {
    const { client, edge } = await startEdge()
    const watch = converse(client(), '/grpc.health.v1.Health/Watch')
    watch.call.end(Buffer.alloc(0))
    expect([...(await watch.next())]).toEqual([8, 1])
    const stopped = edge.stop(50)
    expect([...(await watch.next())]).toEqual([8, 2])
    await stopped
  })
})

describe('reflection', () => {
  const PATH = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo'
  const reflect = async (client: Client, question: Buffer): Promise<{ number: number; value: Buffer }[]> => {
    const talk = converse(client, PATH)
    talk.call.write(question)
    const answer = fieldsOf(await talk.next())
    talk.call.end()
    return answer
  }

  test('lists the services and gives their files', async () => {
    const { client } = await startEdge()
    const one = client()
    const services = fieldsOf((await reflect(one, field(7, '*'))).find(({ number }) => number === 6)!.value)
    const names = services.map(({ value }) => fieldsOf(value)[0]!.value.toString())
    expect(names).toContain('envoy.service.discovery.v3.AggregatedDiscoveryService')
    expect(names).toContain('grpc.health.v1.Health')
    for (const name of names) {
      const [file] = (await reflect(one, field(4, name))).filter(({ number }) => number === 4)
      const [path] = fieldsOf(fieldsOf(file!.value)[0]!.value)
      const again = await reflect(one, field(3, path!.value))
      expect(again.find(({ number }) => number === 4)?.value).toEqual(file!.value)
    }
  })

  test('gives every file that a file needs, as a client asks for them', async () => {
    const { client } = await startEdge()
    const talk = converse(client(), PATH)
    const fileOf = async (question: Buffer): Promise<Buffer> => {
      talk.call.write(question)
      const answer = fieldsOf(await talk.next()).find(({ number }) => number === 4)
      return fieldsOf(answer!.value)[0]!.value
    }
    const first = await fileOf(field(4, 'envoy.service.discovery.v3.AggregatedDiscoveryService'))
    const known = new Set<string>()
    const due = [first]
    for (let file = due.pop(); file !== undefined; file = due.pop()) {
      for (const { number, value } of fieldsOf(file)) {
        // FileDescriptorProto.dependency.
        if (number !== 3 || known.has(String(value))) continue
        known.add(String(value))
        due.push(await fileOf(field(3, value)))
      }
    }
    talk.call.end()
    expect([...known]).toEqual(expect.arrayContaining(['envoy/config/core/v3/base.proto', 'google/protobuf/any.proto']))
  })

  test('says what there is not', async () => {
    const { client } = await startEdge()
    const answer = await reflect(client(), field(4, 'no.Such'))
    expect(answer.find(({ number }) => number === 7)?.value.toString()).toContain('there is no no.Such')
  })
})

describe('client status', () => {
  const FETCH = '/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus'
  const RESPONSE = 'envoy.service.status.v3.ClientStatusResponse'
  const statusOf = async ({ client }: Running, request: object): Promise<Record<string, unknown>> => {
    const question = bytesOf('envoy.service.status.v3.ClientStatusRequest', request)
    const { message } = await ask(client(), FETCH, question)
    return decodeMessage(RESPONSE, message!, types)
  }

  test('per resource: version, state, and the text of a NACK', async () => {
    const running = await startEdge()
    const stream = openStream(running.client(), 'delta')
    stream.send(deltaRequest({ node, type: CLUSTER }))
    const clusters = await stream.next()
    stream.send(deltaRequest({ type: CLUSTER, nonce: clusters.nonce, error: 'bad cluster' }))
    stream.send(deltaRequest({ type: ENDPOINTS, names: ['a', 'none'] }))
    await expect.poll(() => running.edge.nodes()[0]?.types.cds?.error).toBe('bad cluster')
    const found = { type_url: CLUSTER, client_status: 'NACKED', config_status: 'ERROR' }
    expect(await statusOf(running, {})).toMatchObject({
      config: [
        {
          node: { id: 'n1', cluster: 'web' },
          generic_xds_configs: expect.arrayContaining([
            expect.objectContaining({
              ...found,
              name: 'a',
              error_state: expect.objectContaining({ details: 'bad cluster' }),
            }),
            expect.objectContaining({ type_url: ENDPOINTS, name: 'none', client_status: 'DOES_NOT_EXIST' }),
          ]),
        },
      ],
    })
  })

  test('a response that is not answered speaks for what is in it, and the streams of a node are one', async () => {
    const running = await startEdge()
    const stream = openStream(running.client(), 'delta')
    stream.send(deltaRequest({ node, type: ENDPOINTS, names: ['a', 'b'] }))
    const { nonce } = await stream.next()
    stream.send(deltaRequest({ type: ENDPOINTS, nonce }))
    await running.put(fleetSet('web'), [endpoints('b', 2)])
    await stream.next()
    const other = openStream(running.client(), 'delta')
    other.send(deltaRequest({ node, type: LISTENER }))
    await other.next()
    // Behind a response that is not answered nothing else is sent.
    await running.put(fleetSet('web'), [endpoints('a', 2)])
    const { config } = (await statusOf(running, {})) as { config: { generic_xds_configs: Record<string, string>[] }[] }
    expect(config.length).toBe(1)
    const states = config[0]!.generic_xds_configs.map((one) => [one.name, one.config_status, one.client_status])
    expect(states).toEqual([
      ['a', 'NOT_SENT', 'REQUESTED'],
      ['b', 'STALE', 'REQUESTED'],
      ['l', 'STALE', 'REQUESTED'],
    ])
    stream.send(deltaRequest({ type: ENDPOINTS, nonce: stream.responses[1]!.nonce }))
    const last = await stream.next()
    stream.send(deltaRequest({ type: ENDPOINTS, nonce: last.nonce }))
    await expect
      .poll(async () => JSON.stringify(await statusOf(running, {})))
      .toMatch(/"name":"b"[^}]*"config_status":"SYNCED","client_status":"ACKED"/)
  })

  test('as a stream: an answer to each question, of what is then', async () => {
    const running = await startEdge()
    const talk = converse(running.client(), FETCH.replace('Fetch', 'Stream'))
    const idsNow = async (): Promise<string[]> => {
      talk.call.write(Buffer.alloc(0))
      const { config = [] } = decodeMessage(RESPONSE, await talk.next(), types) as {
        config?: { node: { id: string } }[]
      }
      return config.map((one) => one.node.id)
    }
    expect(await idsNow()).toEqual([])
    const stream = openStream(running.client(), 'sotw')
    stream.send(sotwRequest({ node, type: CLUSTER }))
    await stream.next()
    expect(await idsNow()).toEqual(['n1'])
    talk.call.end()
  })

  test('who asks without end is refused, and nobody else', async () => {
    const running = await startEdge()
    const one = running.client()
    const replies = await Promise.all(Array.from({ length: 300 }, () => ask(one, FETCH, Buffer.alloc(0))))
    expect([...new Set(replies.map(({ status }) => status.code))].toSorted((a, b) => a - b)).toEqual([0, 8])
    const stream = openStream(one, 'delta')
    stream.send(deltaRequest({ node, type: CLUSTER }))
    expect((await stream.next()).names.length).toBe(2)
  })

  test.each([
    ['all', {}, ['edge-1', 'edge-2', 'other']],
    ['exact', { exact: 'edge-1' }, ['edge-1']],
    ['prefix, whatever the case', { prefix: 'EDGE', ignore_case: true }, ['edge-1', 'edge-2']],
    ['suffix', { suffix: '2' }, ['edge-2']],
    ['contains', { contains: 'the' }, ['other']],
    ['nobody', { exact: 'nobody' }, []],
  ])('nodes by their id: %s', async (_name, matcher, ids) => {
    const running = await startEdge()
    for (const id of ['edge-1', 'edge-2', 'other']) {
      const stream = openStream(running.client(), 'delta')
      stream.send(deltaRequest({ node: { id, cluster: 'web' }, type: CLUSTER }))
      await stream.next()
    }
    const request = Object.keys(matcher).length === 0 ? {} : { node_matchers: [{ node_id: matcher }] }
    const { config = [] } = (await statusOf(running, request)) as { config?: { node: { id: string } }[] }
    expect(config.map((one) => one.node.id)).toEqual(ids)
  })
})

describe('load reports', () => {
  const STREAM = '/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats'
  const REQUEST = 'envoy.service.load_stats.v3.LoadStatsRequest'
  const report = (issued: number) => ({
    node: { id: 'n', cluster: 'web' },
    cluster_stats: [
      {
        cluster_name: 'a',
        total_dropped_requests: 3,
        upstream_locality_stats: [
          {
            locality: { zone: 'x' },
            total_successful_requests: issued - 1,
            total_error_requests: 1,
            total_issued_requests: issued,
          },
        ],
      },
    ],
  })

  test('rule 5: the first report names the node, and who may have no fleet may not report', async () => {
    const fleet = { nodes: { cluster: ['web'], identity: ['spiffe://mesh/*'] } }
    const { client } = await startEdge({ fleet })
    const one = client()
    expect((await ask(one, STREAM, bytesOf(REQUEST, { cluster_stats: [] }))).status.code).toBe(3)
    expect((await ask(one, STREAM, bytesOf(REQUEST, report(10)))).status.code).toBe(7)
  })

  test('are asked for once, and summed by cluster', async () => {
    const metrics = createMetrics()
    const { client } = await startEdge({ edge: { metrics } })
    const talk = converse(client(), STREAM)
    talk.call.write(bytesOf(REQUEST, report(10)))
    const answer = decodeMessage('envoy.service.load_stats.v3.LoadStatsResponse', await talk.next(), types)
    expect(answer).toEqual({ load_reporting_interval: '10s', send_all_clusters: true })
    talk.call.write(bytesOf(REQUEST, report(90)))
    const lines = async () =>
      (await metrics.registry.metrics()).split('\n').filter((line) => line.includes('cluster="a"'))
    await expect
      .poll(lines)
      .toEqual([
        'fleetcast_edge_load_requests_total{cluster="a"} 100',
        'fleetcast_edge_load_successes_total{cluster="a"} 98',
        'fleetcast_edge_load_errors_total{cluster="a"} 2',
        'fleetcast_edge_load_dropped_requests_total{cluster="a"} 6',
      ])
  })
})

test.each([
  '/grpc.health.v1.Health/Check',
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  '/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus',
  '/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats',
])('garbage is refused: %s', async (path) => {
  const { client } = await startEdge()
  const { status } = await ask(client(), path, Buffer.from([10, 200, 1]))
  expect(status.code).toBe(3)
})
