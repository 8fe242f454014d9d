// What each way of delivery is put through with a real Envoy. A scenario begins and ends with what `BASE` says being served,
// and knows nothing of how it is delivered.
import { expect } from 'vitest'
import type { Delivery } from '../harness/bootstrap.ts'
import type { Deployment } from '../harness/deployment.ts'
import type { Envoy } from '../harness/envoy.ts'
import { startSteadyTraffic, startTraffic, type Traffic } from '../harness/traffic.ts'
import { waitFor } from '../harness/wait-for.ts'
import { createXdsClient } from '../harness/xds-client.ts'
import { TYPES } from '../harness/xds-content.ts'
import type { Content, World } from './envoy-world.ts'

export interface Stage {
  readonly delivery: Delivery
  readonly envoy: Envoy
  readonly world: World
  readonly deployment: Deployment
  /** Addresses of three upstreams; each answers with its own. */
  readonly addresses: readonly [first: string, second: string, third: string]
}

export interface Scenario {
  readonly name: string
  /** Ways for which there is no such thing. */
  readonly except?: readonly Delivery[]
  /** Rejected updates that the scenario is about. */
  readonly isRefused?: true
  readonly run: (stage: Stage) => Promise<void>
}

/** What is served between scenarios. */
export const base = ({ addresses: [first, second] }: Pick<Stage, 'addresses'>): Content => ({
  routes: { '/other': 'other', '/': 'main' },
  services: { main: [first], other: [second] },
})

/** Fewer where each move waits for the clusters to settle. */
const movesOf = (delivery: Delivery): number => (delivery.endsWith('-ads') ? 12 : 5)
const PER_SECOND = 200
/** Envoy tries a lost stream again after a while that grows to a second, in turn with each edge. */
export const RECONNECT_MS = 20_000

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'first configuration',
    run: async (stage) => {
      await answeredBy(stage, '/', [stage.addresses[0]])
      await answeredBy(stage, '/other', [stage.addresses[1]])
    },
  },
  {
    name: 'endpoints come and go',
    run: (stage) =>
      unharmed(requests(stage), async () => {
        const [first, , third] = stage.addresses
        const { services } = base(stage)
        const rows = [[first, third], [third], [first]]
        for (const main of rows) {
          stage.world.show({ ...base(stage), services: { ...services, main } })
          await answeredBy(stage, '/', main)
        }
      }),
  },
  {
    name: 'a route moves to another cluster, a route is added',
    run: (stage) =>
      unharmed(requests(stage), async () => {
        const [first, second] = stage.addresses
        stage.world.show({ ...base(stage), routes: { '/other': 'other', '/new': 'main', '/': 'other' } })
        await answeredBy(stage, '/', [second])
        await answeredBy(stage, '/new', [first])
        stage.world.show(base(stage))
        await answeredBy(stage, '/', [first])
      }),
  },
  {
    name: 'a cluster is added, used, and removed',
    run: (stage) =>
      unharmed(requests(stage), async () => {
        const { routes, services } = base(stage)
        const third = stage.addresses[2]
        const withMore = { ...services, more: [third] }
        stage.world.show({ routes: { '/more': 'more', ...routes }, services: withMore })
        await answeredBy(stage, '/more', [third])
        const more = startTraffic(stage.envoy, stage.world.port, '/more')
        stage.world.show({ routes: { '/more': 'main', ...routes }, services })
        await answeredBy(stage, '/more', [stage.addresses[0]])
        await removed(stage, 'more')
        expect(await more.stop()).toEqual([])
        stage.world.show(base(stage))
      }),
  },
  {
    // Rule 73: Envoy warms a changed cluster until its endpoints come, though they did not change.
    name: 'a cluster changes: its endpoints are sent again',
    run: (stage) =>
      unharmed(requests(stage), async () => {
        let changes = await modified(stage)
        for (const seconds of [2, 3, 1]) {
          stage.world.show({ ...base(stage), cluster: { connect_timeout: `${seconds}s` } })
          changes += Object.keys(base(stage).services).length
          await waitFor(`clusters with a time-out of ${seconds} s`, async () => {
            expect([await modified(stage), await warming(stage)]).toEqual([changes, 0])
            return true
          })
        }
      }),
  },
  {
    name: 'what Envoy refuses is reported, its last good form stays, the rest goes on',
    isRefused: true,
    run: (stage) =>
      unharmed(requests(stage), async () => {
        const [first, , third] = stage.addresses
        // No check can know that this address is not one of the Envoy's machine.
        const wrong = elsewhere(stage.world.port)
        stage.world.show({ ...base(stage), listeners: [half, wrong] })
        await waitFor('a rejected update', async () => (await stage.envoy.sum('lds.update_rejected')) > 0)
        if (stage.delivery !== 'files') await reported(stage, true)
        const { services } = base(stage)
        stage.world.show({ ...base(stage), listeners: [half, wrong], services: { ...services, main: [third] } })
        await answeredBy(stage, '/', [third])
        stage.world.show(base(stage))
        await answeredBy(stage, '/', [first])
        // Rule 19: what it had taken of the refused change goes with it.
        await waitFor('half of the change to go', async () => !(await holdsHalf(stage)))
        if (stage.delivery !== 'files') await reported(stage, false)
      }),
  },
  {
    // Rules 19 and 23: what it says that it has is the last version it took whole. In delta nothing says that it has more.
    name: 'what Envoy took of a change that it refused goes, where the change is taken back while it is away',
    except: ['delta-ads', 'delta-types', 'rest', 'files'],
    isRefused: true,
    run: async (stage) => {
      const { envoy, world } = stage
      const { edges } = stage.deployment
      world.show({ ...base(stage), listeners: [half, elsewhere(world.port)] })
      await waitFor('half of the change', () => holdsHalf(stage))
      envoy.child.signal('SIGSTOP')
      await Promise.all(edges.map((edge) => edge.kill()))
      world.show(base(stage))
      for (const edge of edges) {
        edge.start()
        await edge.process().ready()
        const node = { id: 'another', cluster: world.fleet }
        using client = createXdsClient({ server: edge.listen, variant: 'sotw', node })
        await client.until('the change to be taken back', () => client.held(TYPES.listener).size === 1)
      }
      envoy.child.signal('SIGCONT')
      await waitFor('half of the change to go', async () => !(await holdsHalf(stage)), { timeoutMs: RECONNECT_MS })
    },
  },
  {
    name: 'every edge stops and starts',
    run: (stage) =>
      unharmed(requests(stage), async () => {
        const { edges } = stage.deployment
        await Promise.all(edges.map((edge) => edge.process().stop()))
        const third = stage.addresses[2]
        const { services } = base(stage)
        stage.world.show({ ...base(stage), services: { ...services, main: [third] } })
        for (const edge of edges) edge.start()
        await answeredBy(stage, '/', [third], RECONNECT_MS)
        stage.world.show(base(stage))
        await answeredBy(stage, '/', [stage.addresses[0]])
      }),
  },
  {
    name: 'an edge dies, then the other one',
    // The one client of an edge is not Envoy, and is given one edge.
    except: ['files'],
    run: (stage) =>
      unharmed(requests(stage), async () => {
        const { services } = base(stage)
        for (const [i, edge] of stage.deployment.edges.entries()) {
          await edge.kill()
          const address = stage.addresses[i === 0 ? 2 : 0]
          stage.world.show({ ...base(stage), services: { ...services, main: [address] } })
          await answeredBy(stage, '/', [address], RECONNECT_MS)
          edge.start()
          await edge.process().ready()
        }
        stage.world.show(base(stage))
        await answeredBy(stage, '/', [stage.addresses[0]])
      }),
  },
  {
    name: `make before break: a route moves to a new cluster and the old one goes, again and again under ${PER_SECOND} requests/s`,
    run: (stage) =>
      unharmed(startSteadyTraffic(stage.envoy, stage.world.port, '/', PER_SECOND), async () => {
        const { routes, services } = base(stage)
        const { other = [] } = services
        const moves = movesOf(stage.delivery)
        for (let move = 1; move <= moves; move++) {
          // A Service that was never there takes the place of another: clusters, endpoints and routes change in one write.
          const [name, address] = [`move-${move}`, stage.addresses[move % 2 === 0 ? 0 : 2]]
          stage.world.show({ routes: { ...routes, '/': name }, services: { other, [name]: [address] } })
          await answeredBy(stage, '/', [address])
        }
        stage.world.show(base(stage))
        await answeredBy(stage, '/', [stage.addresses[0]])
        for (let move = 1; move <= moves; move++) await removed(stage, `move-${move}`)
      }),
  },
]

const requests = ({ envoy, world }: Stage): Traffic => startTraffic(envoy, world.port, '/')

/** Runs it beside the requests, none of which may fail. */
async function unharmed(traffic: Traffic, run: () => Promise<void>): Promise<void> {
  // What the scenario fails for is told first; the traffic ends in any case.
  const failures = await run().then(traffic.stop, async (error: unknown) => {
    await traffic.stop()
    throw error
  })
  expect(failures).toEqual([])
}

/** The next answers on a path, as a set, once it is exactly the expected one. */
async function answeredBy(
  { envoy, world }: Stage,
  path: string,
  expected: readonly string[],
  timeoutMs = 15_000,
): Promise<void> {
  const what = `${path} to be answered by ${expected.join()}`
  const isSo = async (): Promise<boolean> => {
    const answers = new Set<string>()
    for (let i = 0; i < 4 * expected.length; i++) {
      const { status, body } = await envoy.get(world.port, path)
      answers.add(status === 200 ? body : `${status} ${body}`)
    }
    if (answers.symmetricDifference(new Set(expected)).size > 0) throw new Error(`answered by ${[...answers]}`)
    return true
  }
  await waitFor(what, isSo, { timeoutMs })
}

const removed = ({ envoy, world }: Stage, service: string): Promise<boolean> =>
  waitFor(
    `${service} to be gone`,
    async () => !(await envoy.ask('/clusters')).includes(`${world.clusterOf(service)}::`),
  )

const warming = async ({ envoy }: Stage): Promise<number> =>
  (await envoy.stats()).get('cluster_manager.warming_clusters') ?? -1

const modified = async ({ envoy }: Stage): Promise<number> =>
  (await envoy.stats()).get('cluster_manager.cluster_modified') ?? -1

/** A listener on an address that no machine has (RFC 5737). */
const elsewhere = (port: number): object => ({
  name: 'elsewhere',
  address: { socket_address: { address: '203.0.113.1', port_value: port } },
  filter_chains: [{ filters: [] }],
})

/** One that any machine takes. */
const half = {
  name: 'half',
  address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
  filter_chains: [{ filters: [] }],
}

const holdsHalf = async ({ envoy }: Stage): Promise<boolean> => (await envoy.ask('/listeners')).includes('half::')

/** What an edge says of the node: that it refuses listeners and why, or that it does not. */
async function reported({ deployment, world }: Stage, isRefusing: boolean): Promise<void> {
  const isSaid = async (): Promise<boolean> => {
    const edges = await Promise.all(deployment.edges.map((edge) => edge.process().ask(`/nodes?fleet=${world.fleet}`)))
    const errors = edges.flatMap(({ body }) => [...body.matchAll(/"error":\s*"([^"]*)/g)].map(([, text]) => text))
    const statuses = await Promise.all(deployment.edges.map((edge) => edge.process().ask('/status')))
    const refusing = statuses.map(({ body }) => fleetOf(body, world.fleet)?.refusing ?? 0)
    const said = JSON.stringify({ errors, refusing })
    if (errors.length > 0 !== isRefusing || refusing.some((count) => count > 0) !== isRefusing) throw new Error(said)
    return true
  }
  const what = `an edge to say that ${isRefusing ? 'something' : 'nothing'} is refused`
  // By REST a refusal shows by questions that come again, to either edge.
  await waitFor(what, isSaid, { timeoutMs: 20_000 })
}

function fleetOf(status: string, name: string): { readonly refusing: number } | undefined {
  const { fleets } = JSON.parse(status) as { fleets: { readonly fleet: string; readonly refusing: number }[] }
  return fleets.find(({ fleet }) => fleet === name)
}
