// `npm run bench -- serve`: the control contract over the real path, for any load generator. A change is written as a Kubernetes
// object and travels through log, publisher, store and edge like any other.
import { once } from 'node:events'
import { type Address, formatAddress } from '@fleetcast/shared/runtime/address'
import { createBenchSource } from './bench-source.ts'
import { type BenchSize, changeWorld, NODE_CLUSTER, resetWorld } from './bench-world.ts'
import { digestsOf } from './contents.ts'
import { openControl } from './control.ts'
import { type Plane, serveEmbedded } from './serve-embedded.ts'
import { serveOverRedis } from './serve-over-redis.ts'

export interface ServeOptions {
  readonly listen: Address
  readonly control: Address
  /** Separate processes over this Redis; absent: one process over memory, or a Redis of our own with `workers`. */
  readonly redis?: string
  /** Edges that share the listening port, each a process, even where it is one; absent: the edge is in this process. */
  readonly workers?: number
}

/** Prints `pids: …` before the control address opens, and serves until the signal aborts. */
export async function serve(options: ServeOptions, signal: AbortSignal): Promise<void> {
  const { listen, control, redis, workers } = options
  const source = createBenchSource()
  const isEmbedded = redis === undefined && workers === undefined
  const plane: Plane = isEmbedded
    ? await serveEmbedded(source, listen, signal)
    : await serveOverRedis({ source, listen, workers: workers ?? 1, ...(redis ? { redis } : {}) }, signal)
  console.log(`pids: ${plane.pids.join(',')}`)
  let size: BenchSize = { clusters: 0, endpoints: 0 }
  const opened = await openControl(control, listen, {
    collect: plane.collect,
    change: (change) => source.write(changeWorld(size, change)),
    reset: (wanted) => {
      size = wanted
      source.replace(resetWorld(size))
    },
    digest: () => digestsOf(plane.store, NODE_CLUSTER),
  })
  console.log(`ready: xDS on ${formatAddress(listen)}, control on http://${formatAddress(control)}`)
  if (!signal.aborted) await once(signal, 'abort')
  await opened.close()
}
