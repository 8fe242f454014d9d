// What every gRPC client without a proxy is put through. A scenario begins and ends with `echo` being answered by the first
// upstream; calls go on all the while, and none may fail.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../harness/free-port.ts'
import { waitFor } from '../harness/wait-for.ts'
import { type Peer, startPeer } from './grpc-peer.ts'
import { openStage, type Stage } from './grpc-stage.ts'

export interface Scene {
  readonly stage: Stage
  readonly peer: Peer
}

export interface Scenario {
  readonly name: string
  /** Failures that are the client's own. */
  readonly forgives?: RegExp
  readonly run: (scene: Scene) => Promise<void>
}

export const ECHO = 'xds:///echo.shop:50051'
const THIRD = 'xds:///third.shop:50051'
const MOVES = 2
/** The end of the route that names clusters ahead, and one more for it. */
const AHEAD = '{ name: shop/echo-next/grpc, weight: 1 }'
const THIRD_AHEAD = '\n                    - { name: shop/third/grpc, weight: 1 }'

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'endpoints come and go',
    run: async ({ stage, peer }) => {
      const [first, , third] = stage.hosts
      const rows = [[first, third], [third], [first]]
      let before = `[${first}]`
      for (const hosts of rows) {
        const now = `[${hosts.join(', ')}]`
        stage.folder.replace('services.yaml', `addresses: ${before}`, `addresses: ${now}`)
        before = now
        await peer.answeredBy(ECHO, hosts)
      }
    },
  },
  {
    name: 'a route moves',
    run: async ({ stage, peer }) => {
      const [first, second] = stage.hosts
      const rows = [
        [0, [second]],
        [100, [first]],
      ] as const
      for (const [weight, expected] of rows) {
        shift(stage, weight)
        await peer.answeredBy(ECHO, expected)
      }
    },
  },
  {
    name: 'rule 6: a cluster comes, is named ahead, takes the calls, and goes',
    run: async ({ stage, peer }) => {
      const [first, , third] = stage.hosts
      for (let i = 0; i < MOVES; i++) {
        writeThird(stage, third)
        await taken(stage, () => stage.folder.replace('fleet.yaml', AHEAD, `${AHEAD}${THIRD_AHEAD}`))
        stage.folder.replace('fleet.yaml', 'shop/echo/grpc, weight: 100', 'shop/third/grpc, weight: 100')
        await peer.answeredBy(ECHO, [third])
        stage.folder.replace('fleet.yaml', 'shop/third/grpc, weight: 100', 'shop/echo/grpc, weight: 100')
        await peer.answeredBy(ECHO, [first])
        await taken(stage, () => stage.folder.replace('fleet.yaml', THIRD_AHEAD, ''))
        await removeThird(stage)
      }
    },
  },
  {
    name: 'rule 6: a cluster comes and goes at once with the route that leads to it',
    // gRPC for Go leads calls to a cluster a moment before it knows it.
    forgives: /unknown cluster selected for RPC/,
    run: async ({ stage, peer }) => {
      const [first, , third] = stage.hosts
      // In one file, so that one revision holds both.
      const without = stage.folder.read('fleet.yaml')
      const routes = without.replaceAll('shop/echo/grpc', 'shop/third/grpc')
      for (let i = 0; i < MOVES; i++) {
        stage.folder.write('fleet.yaml', `${routes}---${manifests('third', [third], stage.upstreamPort)}`)
        await peer.answeredBy(ECHO, [third])
        stage.folder.write('fleet.yaml', without)
        await peer.answeredBy(ECHO, [first])
      }
    },
  },
  {
    name: 'a target comes with its Service',
    run: async ({ stage, peer }) => {
      writeThird(stage, stage.hosts[2])
      await waitFor('the target', () => ask(stage, '/explain?name=third.shop:50051'))
      peer.follow(THIRD)
      await peer.answeredBy(THIRD, [stage.hosts[2]])
      expect(failures(peer, THIRD)).toEqual([])
      peer.leave(THIRD)
      await removeThird(stage)
    },
  },
  {
    name: 'what the client refuses is told, and calls go on with what it had',
    run: async ({ stage, peer }) => {
      // Envoy knows it, gRPC does not.
      const [right, wrong] = ['grpc: true', 'grpc: true\n    clusters: { base: { lb_policy: MAGLEV } }']
      stage.folder.replace('fleet.yaml', right, wrong)
      const [error] = await waitFor('the refusal', async () => {
        const types = await typesOf(stage)
        const errors = types.flatMap((type) => type.error ?? [])
        return errors.length > 0 ? errors : undefined
      })
      expect(error).toMatch(/MAGLEV|lbPolicy/)
      await peer.answeredBy(ECHO, [stage.hosts[0]])
      expect(await fleetOf(stage)).toMatchObject({ fleet: 'apps', refusing: 1 })
      stage.folder.replace('fleet.yaml', wrong, right)
      await waitFor('the client to take it', async () => (await fleetOf(stage)).refusing === 0)
    },
  },
  {
    name: 'the edge dies and comes back',
    run: async ({ stage, peer }) => {
      const [first, second] = stage.hosts
      await stage.edges[0].process().kill()
      await peer.answeredBy(ECHO, [first])
      await stage.edges[0].start()
      shift(stage, 0)
      await peer.answeredBy(ECHO, [second])
      shift(stage, 100)
      await peer.answeredBy(ECHO, [first])
    },
  },
  {
    name: 'another edge takes over',
    run: async ({ stage, peer }) => {
      const [first, second] = stage.hosts
      await stage.edges[1].start()
      stage.lead(stage.edges[1])
      await stage.edges[0].process().stop()
      await peer.answeredBy(ECHO, [first])
      shift(stage, 0)
      await peer.answeredBy(ECHO, [second])
      shift(stage, 100)
      await peer.answeredBy(ECHO, [first])
    },
  },
]

/** The whole of it, for one library. */
export function testPeer(name: string, command: () => { readonly command: string; readonly args: readonly string[] }) {
  describe(name, () => {
    const parts = new AsyncDisposableStack()
    let scene: Scene

    beforeAll(async () => {
      const stage = parts.use(await openStage())
      const peer = parts.use(startPeer({ ...command(), server: stage.server, node: { id: name, cluster: 'apps' } }))
      scene = { stage, peer }
      peer.follow(ECHO)
      await peer.answeredBy(ECHO, [stage.hosts[0]])
    })
    afterAll(() => parts.disposeAsync())

    it('first configuration', () => expect(failures(scene.peer, ECHO)).toEqual([]))
    it.each(SCENARIOS.map((each) => [each.name, each] as const))('%s', async (_name, { run, forgives }) => {
      const from = scene.peer.answers(ECHO).length
      await run(scene)
      expect(failures(scene.peer, ECHO, from).filter((text) => !forgives?.test(text))).toEqual([])
      expect(scene.peer.answers(ECHO).length).toBeGreaterThan(from)
    })
    it('a server of its own takes its Listener from here', () => serveOwn(scene))
  })
}

/** A server of the library itself, which has its Listener from here, reached as an endpoint of a Service. */
export async function serveOwn({ stage, peer }: Scene): Promise<void> {
  const port = await freePort()
  const address = `127.0.0.1:${port}`
  stage.folder.write('own.yaml', manifests('own', ['127.0.0.1'], port))
  await peer.serve(address)
  peer.follow('xds:///own.shop:50051')
  await peer.answeredBy('xds:///own.shop:50051', [address])
  peer.leave('xds:///own.shop:50051')
}

export const failures = (peer: Peer, target: string, from = 0): readonly string[] =>
  peer
    .answers(target)
    .slice(from)
    .filter((answer) => answer.startsWith('error'))

/** So much of a hundred to `echo`, the rest to `echo-next`. */
function shift({ folder }: Stage, weight: number): void {
  const weights = (echo: number): string =>
    `{ name: shop/echo/grpc, weight: ${echo} }\n                    - { name: shop/echo-next/grpc, weight: ${100 - echo} }`
  folder.replace('fleet.yaml', weights(100 - weight), weights(weight))
}

const writeThird = ({ folder, upstreamPort }: Stage, host: string): void =>
  folder.write('third.yaml', manifests('third', [host], upstreamPort))

/** Resolves once nothing of it is served to new clients. */
async function removeThird(stage: Stage): Promise<void> {
  stage.folder.remove('third.yaml')
  await waitFor('third to be gone', async () => {
    const { status } = await stage.edges[0].process().ask('/explain?name=shop/third/grpc')
    return status === 404
  })
}

const manifests = (name: string, hosts: readonly string[], port: number): string => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec: { ports: [{ name: grpc, port: 50051, targetPort: ${port} }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}-1, namespace: shop, labels: { kubernetes.io/service-name: ${name} } }
addressType: IPv4
ports: [{ name: grpc, port: ${port}, protocol: TCP }]
endpoints: [{ addresses: [${hosts.join(', ')}], conditions: { ready: true } }]
`

/** Resolves once the client took the routes that the edit makes. */
async function taken(stage: Stage, edit: () => void): Promise<void> {
  const { revision } = await fleetOf(stage)
  edit()
  await waitFor('the client to take the routes', async () => {
    const [type] = (await typesOf(stage)).filter(({ name }) => name === 'rds')
    if (type?.acked && type.revision > revision) return true
    throw new Error(`after ${revision}: ${JSON.stringify(type)}`)
  })
}

interface FleetView {
  readonly fleet: string
  readonly revision: number
  readonly refusing: number
}

async function fleetOf(stage: Stage): Promise<FleetView> {
  const { fleets } = await ask<{ fleets: readonly [FleetView] }>(stage, '/status')
  return fleets[0]
}

interface TypeView {
  readonly acked: boolean
  readonly revision: number
  readonly error?: string
}

/** What the one node took of each type, or refused. */
async function typesOf(stage: Stage): Promise<readonly (TypeView & { readonly name: string })[]> {
  const nodes = await ask<readonly { types: Readonly<Record<string, TypeView>> }[]>(stage, '/nodes')
  return nodes.flatMap(({ types }) => Object.entries(types).map(([name, type]) => ({ name, ...type })))
}

/** What the first edge's process says of itself. */
async function ask<T>({ edges: [edge] }: Stage, path: string): Promise<T> {
  const { status, body } = await edge.process().ask(path)
  if (status !== 200) throw new Error(`${path}: ${status}`)
  return JSON.parse(body) as T
}
