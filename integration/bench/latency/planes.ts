// The control planes that are measured, each started fresh over the same API server: ours in both forms, and Contour.
import { startDeployment } from '../../harness/deployment.ts'
import { fleetcast } from '../../harness/fleetcast.ts'
import { freePort } from '../../harness/free-port.ts'
import type { Kube } from '../../harness/kube.ts'
import { startRedis } from '../../harness/redis.ts'
import { type Contour, prepareKube, startContour } from './contour.ts'
import { ingress } from './kube-world.ts'

export interface Plane extends AsyncDisposable {
  /** host:port; may not listen yet. */
  readonly listen: string
  /** performance.now() when the first process was started. */
  readonly startedAtMs: number
  readonly pids: () => readonly number[]
}

export interface Form {
  readonly name: string
  start(kube: Kube, services: number): Promise<Plane>
}

export const formsOf = (contour: Contour | undefined): readonly Form[] => [
  { name: 'one process', start: startUp },
  { name: 'over Redis', start: startOverRedis },
  ...(contour ? [{ name: 'Contour', start: startPeer(contour) }] : []),
]

async function startUp(kube: Kube): Promise<Plane> {
  const [listen, admin] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`]
  const startedAtMs = performance.now()
  const process = fleetcast(['up', '--kubeconfig', kube.kubeconfig, '--listen', listen], { admin })
  return {
    ...{ listen, startedAtMs, pids: () => [process.pid] },
    [Symbol.asyncDispose]: async () => void (await process.stop()),
  }
}

async function startOverRedis(kube: Kube): Promise<Plane> {
  const redis = await startRedis()
  const startedAtMs = performance.now()
  const deployment = await startDeployment({ redis, from: kube, watchers: 1, publishers: 1, edges: 1 })
  const roles = [...deployment.watchers, ...deployment.publishers, ...deployment.edges]
  return {
    listen: deployment.edges[0]?.listen ?? '',
    startedAtMs,
    pids: () => roles.map(({ process }) => process().pid),
    [Symbol.asyncDispose]: async () => {
      await deployment[Symbol.asyncDispose]()
      await redis[Symbol.asyncDispose]()
    },
  }
}

const startPeer =
  (contour: Contour) =>
  async (kube: Kube, services: number): Promise<Plane> => {
    await prepareKube(kube, contour, ingress(services))
    const listen = `127.0.0.1:${await freePort()}`
    const startedAtMs = performance.now()
    const process = await startContour(kube, contour, listen)
    return {
      ...{ listen, startedAtMs, pids: () => [process.pid] },
      [Symbol.asyncDispose]: async () => void (await process.stop()),
    }
  }
