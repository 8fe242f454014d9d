// A whole edge over the memory store, asked by grpc-js over real sockets: what it serves, to whom, and what clients that
// misbehave can do to others.
import { CLUSTER, ENDPOINTS } from '@fleetcast/shared/resources/types'
import { silentLogger } from '@fleetcast/shared/runtime/logger'
import { createMetrics } from '@fleetcast/shared/runtime/metrics'
import { DIRECTORY, fleetEntry, fleetSet } from '@fleetcast/shared/store/directory'
import { describe, expect, test, vi } from 'vitest'
import { cluster, endpoints, node, startEdge } from './testing/running-edge.ts'
import { deltaRequest, openStream, sotwRequest, type TestStream } from './transport/testing/client.ts'

/** The first answers of a delta client that takes everything. */
async function subscribeDelta(stream: TestStream, id = 'n1'): Promise<void> {
  stream.send(deltaRequest({ node: { id, cluster: 'web' }, type: CLUSTER }))
  const clusters = await stream.next()
  stream.send(deltaRequest({ type: CLUSTER, nonce: clusters.nonce }))
  stream.send(deltaRequest({ type: ENDPOINTS, names: ['a', 'b'] }))
  const assignments = await stream.next()
  stream.send(deltaRequest({ type: ENDPOINTS, nonce: assignments.nonce }))
}

const sorted = (names: readonly string[]): string[] => names.toSorted((a, b) => a.localeCompare(b))
const texts = (values: readonly Buffer[]): string[] => sorted(values.map(String))

describe('serving', () => {
  test('delta ADS: everything, then only what changed', async () => {
    const { client, put } = await startEdge()
    const stream = openStream(client(), 'delta')
    await subscribeDelta(stream)
    expect(stream.responses.map(({ names }) => sorted(names))).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ])
    await put(fleetSet('web'), [endpoints('b', 2)])
    const change = await stream.next()
    expect([change.type, change.names, texts(change.values)]).toEqual([ENDPOINTS, ['b'], ['endpoints b 2']])
  })

  test('a node is told to have taken the revision that it was sent', async () => {
    const { client, put, edge } = await startEdge()
    const stream = openStream(client(), 'delta')
    await subscribeDelta(stream)
    const revision = () => edge.nodes()[0]?.types.eds?.revision
    await vi.waitFor(() => expect(revision()).toBe(1), { timeout: 20_000 })
    await put(fleetSet('web'), [endpoints('b', 2)])
    stream.send(deltaRequest({ type: ENDPOINTS, nonce: (await stream.next()).nonce }))
    await vi.waitFor(() => expect(revision()).toBe(2), { timeout: 20_000 })
  })

  test('SotW ADS: full clusters, then a change of one assignment', async () => {
    const { client, put } = await startEdge()
    const stream = openStream(client(), 'sotw')
    stream.send(sotwRequest({ node, type: CLUSTER }))
    const clusters = await stream.next()
    expect(texts(clusters.values)).toEqual(['cluster a', 'cluster b'])
    stream.send(sotwRequest({ type: CLUSTER, version: clusters.version, nonce: clusters.nonce }))
    stream.send(sotwRequest({ type: ENDPOINTS, names: ['a', 'b'] }))
    const first = await stream.next()
    stream.send(sotwRequest({ type: ENDPOINTS, names: ['a', 'b'], version: first.version, nonce: first.nonce }))
    await put(fleetSet('web'), [endpoints('a', 2)])
    const change = await stream.next()
    expect(texts(change.values)).toEqual(['endpoints a 2'])
  })

  test('per-type streams, both variants', async () => {
    const { client } = await startEdge()
    const one = client()
    const path = '/envoy.service.cluster.v3.ClusterDiscoveryService'
    const sotw = openStream(one, 'sotw', `${path}/StreamClusters`)
    sotw.send(sotwRequest({ node }))
    expect(texts((await sotw.next()).values)).toEqual(['cluster a', 'cluster b'])
    const delta = openStream(one, 'delta', `${path}/DeltaClusters`)
    delta.send(deltaRequest({ node }))
    expect((await delta.next()).names.length).toBe(2)
  })

  test('the same change is the same bytes for all streams, and its resources are counted', async () => {
    const { client, put } = await startEdge()
    const streams = Array.from({ length: 20 }, () => openStream(client(), 'delta'))
    await Promise.all(streams.map((stream, i) => subscribeDelta(stream, `n${i}`)))
    await put(fleetSet('web'), [endpoints('b', 2)])
    const changes = await Promise.all(streams.map((stream) => stream.next()))
    expect(new Set(changes.map(({ nonce }) => nonce)).size).toBe(1)
    expect(changes.flatMap(({ names }) => names).length).toBe(20)
  })

  test('ACKs and NACKs show in the status of the node', async () => {
    const { client, edge } = await startEdge()
    const stream = openStream(client(), 'delta')
    stream.send(deltaRequest({ node, type: CLUSTER }))
    const clusters = await stream.next()
    stream.send(deltaRequest({ type: CLUSTER, nonce: clusters.nonce, error: 'no such thing' }))
    await expect.poll(() => edge.nodes()[0]?.types.cds?.error).toBe('no such thing')
    expect(edge.nodes()[0]).toMatchObject({ id: 'n1', cluster: 'web', fleet: 'web', edge: 'edge-1' })
  })
})

describe('who gets what', () => {
  test('xDS rule 5: a first request without a node is refused', async () => {
    const { client } = await startEdge()
    const stream = openStream(client(), 'delta')
    stream.send(deltaRequest({ type: CLUSTER }))
    expect((await stream.ended).code).toBe(3)
  })

  test('design rule 10, rule 104: an identity that does not fit is refused with the reason', async () => {
    const { client } = await startEdge({ fleet: { nodes: { cluster: ['web'], identity: ['spiffe://mesh/*'] } } })
    const stream = openStream(client(), 'delta')
    stream.send(deltaRequest({ node, type: CLUSTER }))
    const status = await stream.ended
    expect(status.code).toBe(7)
    expect(status.details).toContain('spiffe://mesh/*')
  })

  test('a node of no fleet is held, and served once its fleet is there', async () => {
    const { client, edge, put } = await startEdge()
    const stream = openStream(client(), 'delta')
    stream.send(deltaRequest({ node: { id: 'n', cluster: 'late' }, type: CLUSTER }))
    await expect.poll(() => edge.nodes().length).toBe(1)
    expect(edge.nodes()[0]?.fleet).toBeUndefined()
    await put(fleetSet('late'), [cluster('x')])
    await put(DIRECTORY, [fleetEntry({ name: 'late', views: [], retired: false, removeAfterMs: 5000 })])
    expect((await stream.next()).names).toEqual(['x'])
  })

  test('a retired fleet: streams stay open, nothing is taken away, nothing is sent', async () => {
    const { client, edge, put } = await startEdge()
    const stream = openStream(client(), 'delta')
    await subscribeDelta(stream)
    const before = stream.responses.length
    await put(DIRECTORY, [fleetEntry({ name: 'web', views: [], retired: true, removeAfterMs: 5000 })])
    await put(fleetSet('web'), [], [`${CLUSTER}\na`])
    const other = openStream(client(), 'delta')
    other.send(deltaRequest({ node: { id: 'n2', cluster: 'web' }, type: CLUSTER }))
    await expect.poll(() => edge.nodes().length).toBe(2)
    expect([stream.responses.length, other.responses.length]).toEqual([before, 0])
  })
})

describe('bad clients do not touch others', () => {
  const bad: [string, (stream: TestStream) => void][] = [
    ['garbage', (s) => s.send(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))],
    ['an unknown type', (s) => s.send(deltaRequest({ node, type: 'type.googleapis.com/no.Such', names: ['x'] }))],
    ['no type', (s) => s.send(deltaRequest({ node }))],
    ['empty names', (s) => s.send(deltaRequest({ node, type: ENDPOINTS, names: ['', '', 'a'] }))],
    [
      '50,000 names',
      (s) => s.send(deltaRequest({ node, type: ENDPOINTS, names: Array.from({ length: 50_000 }, (_, i) => `x${i}`) })),
    ],
    ['an unknown nonce', (s) => s.send(deltaRequest({ node, type: CLUSTER, nonce: 'what' }))],
    [
      'a flood',
      (s) => {
        for (let i = 0; i < 5000; i++) s.send(deltaRequest({ node, type: CLUSTER, nonce: `n${i}` }))
      },
    ],
  ]
  test.each(bad)('%s', async (_name, misbehave) => {
    const { client, put } = await startEdge()
    const good = openStream(client(), 'delta')
    await subscribeDelta(good, 'good')
    misbehave(openStream(client(), 'delta'))
    await put(fleetSet('web'), [endpoints('a', 7)])
    expect(texts((await good.next()).values)).toEqual(['endpoints a 7'])
  })

  test.each<[string, (stream: TestStream) => void, number, string]>([
    [
      'too many names, little by little',
      (s) => {
        for (let i = 0; i < 3; i++) {
          const names = Array.from({ length: 10_000 }, (_, n) => `x${i}-${n}`)
          s.send(deltaRequest({ node, type: ENDPOINTS, names }))
        }
      },
      8,
      'may ask for 20010 names',
    ],
    ['a long id', (s) => s.send(deltaRequest({ node: { ...node, id: 'x'.repeat(2000) } })), 3, '1024 characters'],
  ])('limits end the stream with a status, and are logged once: %s', async (_name, act, code, details) => {
    const lines: string[] = []
    const warn = (fields: object, message: string): void => void lines.push(message + JSON.stringify(fields))
    const { client } = await startEdge({ edge: { logger: { ...silentLogger, warn } } })
    for (let i = 0; i < 2; i++) {
      const stream = openStream(client(), 'delta')
      act(stream)
      const status = await stream.ended
      expect([status.code, status.details]).toEqual([code, expect.stringContaining(details)])
    }
    expect(lines).toEqual([...new Set(lines)])
  })

  test('types that nobody serves are counted together, and are no state of the node', async () => {
    const metrics = createMetrics()
    const { client, edge } = await startEdge({ edge: { metrics } })
    const stream = openStream(client(), 'delta')
    for (let i = 0; i < 50; i++) {
      stream.send(deltaRequest({ node, type: `type.googleapis.com/no.Such${i}`, names: ['x'] }))
      expect((await stream.next()).removed).toEqual(['x'])
    }
    expect(edge.nodes()[0]?.types).toEqual({})
    const lines = (await metrics.registry.metrics()).split('\n').filter((line) => /responses_total{/.test(line))
    expect(lines).toEqual(['fleetcast_edge_responses_total{type="other"} 50', expect.stringContaining('unsplit')])
  })

  test('rule 7: one that never answers, and one that refuses everything, get one response a type and change', async () => {
    const { client, put } = await startEdge()
    const silent = openStream(client(), 'delta')
    silent.send(deltaRequest({ node, type: ENDPOINTS, names: ['a'] }))
    const first = await silent.next()
    const refusing = openStream(client(), 'delta')
    refusing.call.on('data', () => {
      const last = refusing.responses.at(-1)!
      refusing.send(deltaRequest({ type: last.type, nonce: last.nonce, error: 'never' }))
    })
    refusing.send(deltaRequest({ node: { id: 'n2', cluster: 'web' }, type: ENDPOINTS, names: ['a'] }))
    await refusing.next()
    const good = openStream(client(), 'delta')
    await subscribeDelta(good, 'good')
    for (let n = 2; n < 7; n++) {
      await put(fleetSet('web'), [endpoints('a', n)])
      const change = await good.next()
      good.send(deltaRequest({ type: ENDPOINTS, nonce: change.nonce }))
    }
    await expect.poll(() => refusing.responses.length).toBe(6)
    expect(silent.responses.length).toBe(1)
    // What came meanwhile is one response, of the newest state.
    silent.send(deltaRequest({ type: ENDPOINTS, nonce: first.nonce }))
    expect(texts((await silent.next()).values)).toEqual(['endpoints a 6'])
    expect(silent.responses.length).toBe(2)
  })

  test('500 streams that open and leave are forgotten', async () => {
    const { client, edge } = await startEdge()
    const one = client()
    const streams = Array.from({ length: 500 }, (_, i) => {
      const stream = openStream(one, 'delta')
      stream.send(deltaRequest({ node: { id: `n${i}`, cluster: 'web' }, type: CLUSTER }))
      return stream
    })
    await Promise.all(streams.map((stream) => stream.next()))
    expect(edge.status().streams).toBe(500)
    for (const stream of streams) stream.call.cancel()
    await expect.poll(() => edge.status().streams).toBe(0)
    expect(edge.nodes()).toEqual([])
  })
})
