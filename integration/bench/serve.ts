// `npm run bench -- serve`: the control contract over the real path, for any load generator. A change is written as a Kubernetes
// object and travels through log, publisher, store and edge like any other.
import { once } from 'node:events'
import { type Address, formatAddress } from '@fleetcast/shared/runtime/address'
import { createBenchSource } from './bench-source.ts'
import { NODE_CLUSTER } from './bench-world.ts'
import { digestsOf } from './contents.ts'
import { createControl } from './control.ts'
import { type Plane, serveEmbedded } from './serve-embedded.ts'
import { serveOverRedis } from './serve-over-redis.ts'
import { untilServed } from './served.ts'

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
  const server = createControl({
    collect: plane.collect,
    change: source.write,
    reset: async (world, size) => {
      source.replace(world)
      await untilServed(formatAddress(listen), size)
    },
    digest: () => digestsOf(plane.store, NODE_CLUSTER),
  })
  console.log(`pids: ${plane.pids.join(',')}`)
  server.listen(control.port, control.host)
  await Promise.race([once(server, 'listening'), once(server, 'error').then(([error]) => Promise.reject(error))])
  console.log(`ready: xDS on ${formatAddress(listen)}, control on http://${formatAddress(control)}`)
  if (!signal.aborted) await once(signal, 'abort')
  server.closeAllConnections()
  server.close()
}
