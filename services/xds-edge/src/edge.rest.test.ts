// An edge asked by REST, as Envoy does it: the present state, nothing new, a change while it waits, and bad questions.
import { encodeMessage } from '@fleetcast/shared/envoy/encode'
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import { resource } from '@fleetcast/shared/resources/resource'
import { CLUSTER, ENDPOINTS, ROUTES } from '@fleetcast/shared/resources/types'
import { DIRECTORY, fleetEntry, fleetSet } from '@fleetcast/shared/store/directory'
import type { Entry } from '@fleetcast/shared/store/set-store'
import { describe, expect, test } from 'vitest'
import { type Running, type StartOptions, startEdge } from './testing/running-edge.ts'

const types = createEnvoyTypes()
const bytesOf = (type: string, json: object): Uint8Array => {
  const { value, issues } = encodeMessage(type, json, types)
  if (value === undefined) throw new Error(JSON.stringify(issues))
  return value.bytes
}
const cluster = (name: string, timeout = '1s'): Entry =>
  resource({
    type: CLUSTER,
    name,
    bytes: bytesOf(CLUSTER, {
      name,
      type: 'EDS',
      connect_timeout: timeout,
      eds_cluster_config: { eds_config: { ads: {} } },
    }),
    endpointsName: name,
  })
const endpoints = (name: string): Entry =>
  resource({ type: ENDPOINTS, name, bytes: bytesOf(ENDPOINTS, { cluster_name: name }) })

const route = (content: number): Entry =>
  resource({
    type: ROUTES,
    name: 'r',
    bytes: bytesOf(ROUTES, { name: 'r', max_direct_response_body_size_bytes: content }),
  })

interface Reply {
  readonly status: number
  readonly body: { version_info?: string; resources?: { name?: string; '@type': string }[]; error?: string }
}
type Ask = (path: string, body: unknown, wait?: number) => Promise<Reply>

async function start(options: StartOptions = {}): Promise<Running & { ask: Ask }> {
  const running = await startEdge({
    entries: [cluster('a'), cluster('b'), endpoints('a'), endpoints('b')],
    ...options,
    edge: { rest: { host: '127.0.0.1', port: 0 } },
  })
  const ask: Ask = async (path, body, wait = 0) => {
    const answer = await fetch(`http://127.0.0.1:${running.edge.addresses().rest!.port}/v3/discovery:${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: `wait=${wait}` },
      body: JSON.stringify(body),
    })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? {} : JSON.parse(text) }
  }
  return { ...running, ask }
}

const node = { id: 'n1', cluster: 'web' }
const names = ({ body }: Reply): (string | undefined)[] => (body.resources ?? []).map(({ name }) => name)

test('the present state, then nothing new, then a change', async () => {
  const { ask, put, edge } = await start()
  const first = await ask('clusters', { node })
  expect([first.status, names(first), first.body.resources?.[0]?.['@type']]).toEqual([200, ['a', 'b'], CLUSTER])
  const version_info = first.body.version_info
  expect((await ask('clusters', { node, version_info })).status).toBe(304)
  const waiting = ask('clusters', { node, version_info }, 20)
  await put(fleetSet('web'), [cluster('a', '2s')])
  const next = await waiting
  expect([next.status, names(next).length, next.body.version_info === version_info]).toEqual([200, 2, false])
  expect(edge.nodes()[0]).toMatchObject({
    id: 'n1',
    fleet: 'web',
    types: { cds: { acked: true, version: version_info } },
  })
})

test('named types: only what is asked for, and silence for what nobody has', async () => {
  const { ask } = await start()
  const found = await ask('endpoints', { node, resource_names: ['b', 'none'] })
  expect(found.body.resources).toEqual([{ '@type': ENDPOINTS, cluster_name: 'b' }])
  expect((await ask('endpoints', { node, resource_names: ['none'] })).status).toBe(304)
})

test('rule 6 of the design: a removed cluster stays for removeAfter', async () => {
  const { ask, put } = await start({ fleet: { removeAfterMs: 300 } })
  await put(fleetSet('web'), [], [`${CLUSTER}\nb`])
  const during = await ask('clusters', { node })
  expect(names(during)).toEqual(['a', 'b'])
  await expect.poll(async () => names(await ask('clusters', { node }))).toEqual(['a'])
})

test('rules 15 and 17: Envoy does not say by REST that it refused: who asks twice as before did not take it', async () => {
  const { ask, put, edge } = await start()
  const { version_info } = (await ask('clusters', { node })).body
  await ask('clusters', { node, version_info })
  await put(fleetSet('web'), [cluster('a', '2s')])
  const error = (): string | undefined => edge.nodes()[0]?.types.cds?.error
  const wrong = await ask('clusters', { node, version_info })
  // An answer may be lost once.
  expect((await ask('clusters', { node, version_info })).body.version_info).toBe(wrong.body.version_info)
  expect(error()).toBeUndefined()
  const mended = ask('clusters', { node, version_info }, 20)
  await expect.poll(error).toMatch(/again/)
  await put(fleetSet('web'), [cluster('a', '3s')])
  const next = (await mended).body.version_info
  expect(next).not.toBe(wrong.body.version_info)
  expect(error()).toMatch(/again/)
  await ask('clusters', { node, version_info: next })
  expect(error()).toBeUndefined()
})

test('rule 19: who may have taken part of what it refused is sent what it had, once that is back', async () => {
  const { ask, put, edge } = await start()
  const { version_info } = (await ask('clusters', { node })).body
  const question = { node, version_info }
  await ask('clusters', question)
  await put(fleetSet('web'), [cluster('a', '2s')])
  await ask('clusters', question)
  await ask('clusters', question)
  const waiting = ask('clusters', question, 20)
  await expect.poll(() => edge.nodes()[0]?.types.cds?.error).toMatch(/again/)
  await put(fleetSet('web'), [cluster('a')])
  const back = await waiting
  expect([back.status, back.body.version_info, names(back).length]).toEqual([200, version_info, 2])
  expect((await ask('clusters', question)).status).toBe(304)
  expect(edge.nodes()[0]?.types.cds).toMatchObject({ acked: true, version: version_info })
  expect(edge.nodes()[0]?.types.cds?.error).toBeUndefined()
})

test('rule 71 without a stream: a route waits until its node has the clusters that it came with', async () => {
  const { ask, put } = await start({ entries: [cluster('a'), endpoints('a'), route(1)] })
  const routes = (version_info?: string, wait = 0) => ask('routes', { node, resource_names: ['r'], version_info }, wait)
  const clusters = (version_info?: string) => ask('clusters', { node, version_info })
  const [first, held] = [(await routes()).body.version_info, (await clusters()).body.version_info]
  await clusters(held)
  await put(fleetSet('web'), [cluster('b'), endpoints('b'), route(2)])
  expect((await routes(first)).status).toBe(304)
  const waiting = routes(first, 20)
  await clusters((await clusters(held)).body.version_info)
  expect(names(await waiting)).toEqual(['r'])
})

test('a fleet that is not there is waited for, and a retired one says nothing', async () => {
  const { ask, put } = await start()
  const late = ask('clusters', { node: { id: 'n', cluster: 'late' } }, 20)
  await put(fleetSet('late'), [cluster('x')])
  await put(DIRECTORY, [fleetEntry({ name: 'late', views: [], retired: false, removeAfterMs: 0 })])
  expect(names(await late)).toEqual(['x'])
  await put(DIRECTORY, [fleetEntry({ name: 'late', views: [], retired: true, removeAfterMs: 0 })])
  expect((await ask('clusters', { node: { id: 'n', cluster: 'late' } })).status).toBe(304)
})

describe('questions that are not answered', () => {
  const rows: [string, string, unknown, number, RegExp][] = [
    ['no node', 'clusters', {}, 400, /node/],
    ['another type', 'clusters', { node, type_url: ENDPOINTS }, 400, /serves/],
    ['no object', 'clusters', [1], 400, /DiscoveryRequest/],
    ['a path of nothing', 'nonsense', { node }, 404, /./],
    ['an identity that does not fit', 'clusters', { node: { id: 'n', cluster: 'web' } }, 403, /only-me/],
  ]
  test.each(rows)('%s', async (_name, path, body, status, error) => {
    const { ask } = await start({ fleet: status === 403 ? { nodes: { cluster: ['web'], identity: ['only-me'] } } : {} })
    const reply = await ask(path, body)
    expect(reply.status).toBe(status)
    expect(reply.body.error).toMatch(error)
  })
})
