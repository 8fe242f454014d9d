// A real Envoy on every way of delivery, against real edges over Redis: whatever changes, it has what its fleet says, nothing
// warms, nothing is rejected, and no request fails (rule 6 of the design; rules 70 to 76 of the protocol).
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Delivery } from '../harness/bootstrap.ts'
import { type Deployment, startDeployment } from '../harness/deployment.ts'
import { describeWith } from '../harness/describe-with.ts'
import { startEnvoy } from '../harness/envoy.ts'
import { fleetcast } from '../harness/fleetcast.ts'
import { freePort } from '../harness/free-port.ts'
import { startRedis } from '../harness/redis.ts'
import { type TempFolder, tempFolder } from '../harness/temp-folder.ts'
import { startUpstreams, type Upstreams } from '../harness/upstreams.ts'
import { waitFor } from '../harness/wait-for.ts'
import { base, RECONNECT_MS, SCENARIOS, type Stage } from './envoy-scenarios.ts'
import { createWorld } from './envoy-world.ts'

const DELIVERIES: readonly Delivery[] = ['sotw-ads', 'delta-ads', 'sotw-types', 'delta-types', 'rest', 'files']
/** Ways on which Envoy says by itself whether it is connected. */
const isStream = (delivery: Delivery): boolean => delivery !== 'rest' && delivery !== 'files'

describeWith(['redis', 'envoy'], 'a real Envoy', () => {
  const parts = new AsyncDisposableStack()
  let folder: TempFolder
  let upstreams: Upstreams
  let deployment: Deployment

  beforeAll(async () => {
    folder = parts.use(tempFolder())
    upstreams = parts.use(await startUpstreams(3))
    const redis = parts.use(await startRedis())
    deployment = parts.use(await startDeployment({ redis, from: { folder: folder.path }, watchers: 1, publishers: 1 }))
    await deployment.ready()
  })
  afterAll(() => parts.disposeAsync())

  describe.each(DELIVERIES)('%s', (delivery) => {
    const own = new AsyncDisposableStack()
    let stage: Stage

    beforeAll(async () => {
      const port = await freePort()
      const world = createWorld({ folder, delivery, port, upstreamPort: upstreams.port })
      const [first = '', second = '', third = ''] = upstreams.addresses
      const addresses = [first, second, third] as const
      world.show(base({ addresses }))
      const servers = deployment.edges.map(({ listen, rest }) => (delivery === 'rest' ? rest : listen))
      const output = own.use(tempFolder())
      if (delivery === 'files') own.use(await writeFiles(deployment, output))
      const from = delivery === 'files' ? [output.path] : servers
      const envoy = own.use(await startEnvoy({ id: delivery, cluster: delivery, delivery, servers: from }))
      stage = { delivery, envoy, world, deployment, addresses }
      await waitFor('the listener', async () => (await envoy.get(port, '/')).status === 200)
    })
    afterAll(() => own.disposeAsync())

    const scenarios = SCENARIOS.filter(({ except = [] }) => !except.includes(delivery))
    it.each(scenarios)('$name', async ({ run, isRefused }) => {
      const refused = await stage.envoy.sum('.update_rejected')
      await run(stage)
      if (!isRefused) expect(await stage.envoy.sum('.update_rejected')).toBe(refused)
      await expectSettled(stage)
    })
  })
})

/** Keeps the fleet's files in step, as a sidecar of the Envoy would. Resolves once they are there. */
async function writeFiles({ edges }: Deployment, output: TempFolder): Promise<AsyncDisposable> {
  const listen = edges[0]?.listen ?? ''
  const writer = fleetcast(['files', '--fleet', 'files', '--edge', listen, '--output-dir', output.path])
  await waitFor('the files', () => output.read('lds.yaml').length > 0)
  return writer
}

/** Nothing warms, nothing was waited for in vain, and every stream is up. */
async function expectSettled({ envoy, delivery }: Stage): Promise<void> {
  const isAtRest = async (): Promise<boolean> => {
    const stats = await envoy.stats()
    const states = [...stats].filter(([name]) => name.endsWith('control_plane.connected_state'))
    const told = {
      connected: states.every(([, state]) => state === 1) && states.length > 0 === isStream(delivery),
      warming: stats.get('cluster_manager.warming_clusters'),
      listenersWarming: stats.get('listener_manager.total_listeners_warming'),
    }
    expect(told).toEqual({ connected: true, warming: 0, listenersWarming: 0 })
    return true
  }
  // After an edge was away a stream of one type may still wait for its next try.
  await waitFor('an Envoy at rest', isAtRest, { timeoutMs: RECONNECT_MS })
  expect(await envoy.sum('.init_fetch_timeout')).toBe(0)
}
