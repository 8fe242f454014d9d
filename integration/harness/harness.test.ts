// The harness itself: the real parts start, break and end as tests need them to.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { describeWith } from './describe-with.ts'
import { startEnvoy } from './envoy.ts'
import { connectKube, startKube } from './kube.ts'
import { startRedis } from './redis.ts'
import { startUpstreams } from './upstreams.ts'
import { waitFor } from './wait-for.ts'

describeWith(['redis'], 'redis', () => {
  it('loses everything at a flush, and comes back empty on the same port after a kill', async () => {
    await using redis = await startRedis()
    await redis.client.set('key', 'value')
    await redis.flush()
    expect(await redis.client.get('key')).toBeNull()
    await redis.client.set('key', 'value')
    await redis.restart()
    expect(await redis.client.get('key')).toBeNull()
  })

  it('stands still while it is paused', async () => {
    await using redis = await startRedis()
    const state = (): string | undefined =>
      /^State:\s+(\w)/m.exec(readFileSync(`/proc/${redis.child().pid}/status`, 'utf8'))?.[1]
    redis.pause()
    await waitFor('the pause', () => state() === 'T')
    const answer = redis.client.ping()
    redis.resume()
    expect(await answer).toBe('PONG')
  })
})

describeWith(['envoy'], 'envoy', () => {
  it('starts without a management server and tells its statistics', async () => {
    await using envoy = await startEnvoy({ id: 'a', cluster: 'b', delivery: 'delta-ads', servers: ['127.0.0.1:1'] })
    expect((await envoy.stats()).get('control_plane.connected_state')).toBe(0)
    expect(await envoy.sum('.update_rejected')).toBe(0)
  })
})

it('upstreams answer with the address they were reached at', async () => {
  await using upstreams = await startUpstreams(2)
  const answers = upstreams.addresses.map(async (address) =>
    (await fetch(`http://${address}:${upstreams.port}/`)).text(),
  )
  expect(await Promise.all(answers)).toEqual(upstreams.addresses)
})

describeWith(['kube'], 'kube', () => {
  it('takes, changes and gives back objects', { timeout: 60_000 }, async () => {
    await using kube = startKube('harness')
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default' }, data: { b: 'c' } }
    await waitFor('the namespace', () => kube.get('/api/v1/namespaces/default'))
    await kube.create(map)
    await kube.patch(map, { data: { b: 'd' } })
    const again = connectKube(kube.kubeconfig)
    expect(await again.get('/api/v1/namespaces/default/configmaps/a')).toMatchObject({ data: { b: 'd' } })
    await again.dispatcher.close()
    await kube.remove(map)
    expect((await kube.send('GET', '/api/v1/namespaces/default/configmaps/a')).status).toBe(404)
  })
})
