// Many processes, a real API server, a real Redis, real Envoys: each test kills or breaks one thing while traffic runs. Traffic
// goes on, the next change arrives, and nothing is removed that nobody removed (rules 2 and 3 of the design).
import { createBullQueue } from '@fleetcast/shared/queue/bullmq'
import { openRedis } from '@fleetcast/shared/redis/open-redis'
import { fleetSet } from '@fleetcast/shared/store/directory'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type Deployment, type Role, startDeployment } from '../harness/deployment.ts'
import { describeWith } from '../harness/describe-with.ts'
import { type Envoy, startEnvoy } from '../harness/envoy.ts'
import { freePort } from '../harness/free-port.ts'
import { type Kube, startKube } from '../harness/kube.ts'
import { endpointsAt, kubenvoyConfig, kubenvoyServices, kubenvoySlice, NAMESPACE } from '../harness/kubenvoy-world.ts'
import { type RedisServer, startRedis } from '../harness/redis.ts'
import { startTraffic } from '../harness/traffic.ts'
import { startNamespaceUpstreams, type Upstreams } from '../harness/upstreams.ts'
import { waitFor } from '../harness/wait-for.ts'
import { createWitness } from '../harness/witness.ts'

const CLUSTER = 'kubenvoy://some-svc.namespace:80'
const FLEET = 'k8-kubenvoy'
/** The most that a takeover may need: a Lease of 10 s, a renewal deadline of 7 s, a retry of 1 s. */
const TAKEOVER_MS = 20_000

describeWith(['redis', 'kube', 'envoy', 'upstreams'], 'many processes', () => {
  let kube: Kube
  let redis: RedisServer
  let upstreams: Upstreams
  let deployment: Deployment
  let envoys: readonly Envoy[]
  let port = 0
  /** Addresses of the slice of some-svc that are no upstreams: they only tell that a change arrived. */
  let marker = 0

  const parts = new AsyncDisposableStack()

  beforeAll(async () => {
    kube = parts.use(startKube('processes'))
    redis = parts.use(await startRedis())
    upstreams = parts.use(startNamespaceUpstreams('processes', 3))
    port = await freePort()
    await kube.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } })
    for (const service of kubenvoyServices()) await kube.create(service)
    const [first = '', second = ''] = upstreams.addresses
    await kube.create(kubenvoySlice('some-svc', [first], upstreams.port))
    await kube.create(kubenvoySlice('some-other-svc', [second], upstreams.port))
    await kube.create(kubenvoyConfig(port))
    deployment = parts.use(await startDeployment({ redis, from: kube }))
    await deployment.ready()
    const [one = '', other = ''] = deployment.edges.map(({ listen }) => listen)
    // Each asks its own edge first. They share the port of the listener, as Envoys of one machine do: a request may reach either.
    envoys = [
      parts.use(await startEnvoy({ id: 'one', cluster: FLEET, delivery: 'delta-ads', servers: [one, other] })),
      parts.use(await startEnvoy({ id: 'other', cluster: FLEET, delivery: 'sotw-ads', servers: [other, one] })),
    ]
    for (const envoy of envoys) await takes(envoy, first)
    await waitFor('the first route', async () => (await envoys[0]!.get(port, '/bcd/')).status === 200)
  }, 120_000)

  afterAll(() => parts.disposeAsync())

  beforeEach(async () => {
    redis.resume()
    for (const role of [...deployment.watchers, ...deployment.publishers, ...deployment.edges]) {
      role.process().signal('SIGCONT')
      if (!role.process().isRunning()) role.start()
    }
    await deployment.ready()
  })

  /** What the slice holds beside the first upstream. */
  let extra: readonly string[] = []

  const changeSlice = async (addresses: readonly string[]): Promise<void> => {
    extra = addresses
    const slice = kubenvoySlice('some-svc', [], upstreams.port)
    await kube.patch(slice, { endpoints: endpointsAt([...upstreams.addresses.slice(0, 1), ...addresses]) })
  }

  /**
   * Breaks something with traffic on an Envoy and raw clients on an edge that lives: afterwards a change arrives on both clients,
   * no request failed, and nothing was taken away.
   */
  const survives = async (breakIt: () => Promise<void>, edge = deployment.edges[1]!, timeoutMs = TAKEOVER_MS) => {
    await changeSlice([])
    using delta = createWitness(edge.listen, 'delta', FLEET)
    using sotw = createWitness(edge.listen, 'sotw', FLEET)
    const witnesses = [delta, sotw]
    await Promise.all(
      witnesses.map(({ client, addressesOf }) =>
        client.until('the slice as it is', () => addressesOf(CLUSTER).length === 1),
      ),
    )
    const before = witnesses.map((witness) => witness.losses().length)
    const traffic = startTraffic(envoys[1]!, port, '/abc/')
    await breakIt()
    const address = `198.18.200.${(++marker % 200) + 1}`
    await changeSlice([...extra, address])
    await Promise.all(witnesses.map((witness) => witness.sees(CLUSTER, [address], timeoutMs)))
    expect(witnesses.map((witness, i) => witness.losses().slice(before[i]))).toEqual([[], []])
    expect(await traffic.stop()).toEqual([])
    expect(await envoys[0]!.sum('.update_rejected')).toBe(0)
    expect(await envoys[1]!.sum('.update_rejected')).toBe(0)
  }

  it('a change made with the Kubernetes API arrives at the Envoys of both edges', async () => {
    const third = upstreams.addresses[2]!
    await changeSlice([third])
    for (const envoy of envoys) await takes(envoy, third)
    await waitFor('the new endpoint to be used', async () => (await envoys[0]!.get(port, '/bcd/')).body.includes(third))
    await changeSlice([])
    for (const envoy of envoys) await takes(envoy, third, false)
  })

  it('kill -9 of the watcher that leads', () => survives(async () => (await deployment.leader()).kill()))

  it('kill -9 of a publisher in the middle of a job', () =>
    survives(async () => {
      const [victim, other] = deployment.publishers
      // With the other one stopped, the job is the victim's.
      other!.process().signal('SIGSTOP')
      const job = await freezeInJob(victim!, redis)
      await victim!.kill()
      expect(await activeJobs(redis)).toContain(job)
      await changeSlice(['198.18.201.1'])
      other!.process().signal('SIGCONT')
      // Its lock ends, and the other one does what was not done.
      await waitFor('the job to be done', async () => !(await activeJobs(redis)).includes(job), { timeoutMs: 15_000 })
      await changeSlice(['198.18.201.1', '198.18.201.2'])
    }))

  it('kill -9 of an edge: its Envoy goes on with the other one', async () => {
    await survives(() => deployment.edges[0]!.kill())
    const third = upstreams.addresses[2]!
    await changeSlice([third])
    await takes(envoys[0]!, third, true, 30_000)
  })

  it('Redis loses everything', () => survives(() => redis.flush()))
  it('Redis dies and comes back empty', () => survives(() => redis.restart(), undefined, 30_000))
  it('Redis stands still for a while', () =>
    survives(async () => {
      redis.pause()
      const asked = Date.now()
      // Longer than the locks of jobs and the patience of the heads' check.
      await waitFor('five seconds', () => Date.now() - asked > 5_000)
      redis.resume()
    }))

  it('everything behind the edges dies: Envoys keep what they have, and the fleet comes back', () =>
    survives(
      async () => {
        const roles = [...deployment.watchers, ...deployment.publishers]
        await Promise.all(roles.map((role) => role.kill()))
        await redis.restart()
        for (const role of roles) role.start()
      },
      undefined,
      40_000,
    ))
})

/** Resolves once the Envoy has the endpoint, or has it no more. */
async function takes(envoy: Envoy, address: string, isThere = true, timeoutMs = 15_000): Promise<void> {
  const what = `${address} ${isThere ? 'in' : 'out of'} an Envoy`
  const held = async (): Promise<boolean> => (await envoy.ask('/clusters')).includes(`${CLUSTER}::${address}:`)
  await waitFor(what, async () => (await held()) === isThere, { timeoutMs })
}

/** The jobs that a publisher has in its hands. */
async function activeJobs(redis: RedisServer): Promise<readonly string[]> {
  const keys = await redis.client.keys('*:active')
  return (await Promise.all(keys.map((key) => redis.client.lrange(key, 0, -1)))).flat()
}

/** Stops the process while it has a job in its hands, and says which: rings until it is met in the middle of one. */
async function freezeInJob(victim: Role, redis: RedisServer): Promise<string> {
  const link = openRedis(redis.url)
  const queue = createBullQueue({ redis: link })
  try {
    return await waitFor('a publisher stopped in the middle of a job', async () => {
      await queue.wake(fleetSet(FLEET), {})
      await waitFor('a job that runs', async () => (await activeJobs(redis)).length > 0, { everyMs: 0, timeoutMs: 500 })
      victim.process().signal('SIGSTOP')
      // What it had sent by then is answered before this is.
      for (let i = 0; i < 3; i++) await redis.client.ping()
      const [job] = await activeJobs(redis)
      if (job === undefined) victim.process().signal('SIGCONT')
      return job
    })
  } finally {
    await queue.close()
    await link.close()
  }
}
