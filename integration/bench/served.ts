// Looks at an edge from outside until it serves exactly the world of a reset: nothing missing, nothing left of the last one.

import { connectXds, createXdsClient, type XdsClient } from '../harness/xds-client.ts'
import { endpointsOf, TYPES } from '../harness/xds-content.ts'
import { type BenchSize, NODE_CLUSTER, nameOf } from './bench-world.ts'

/** Throws where it does not come to that. */
export async function untilServed(listen: string, size: BenchSize, timeoutMs = 110_000): Promise<void> {
  const grpc = connectXds(listen)
  try {
    using client = createXdsClient({ server: grpc, variant: 'sotw', node: { id: 'control', cluster: NODE_CLUSTER } })
    await client.until(`a world of ${size.clusters} clusters`, () => isWorld(client, size), timeoutMs)
  } finally {
    grpc.close()
  }
}

function isWorld(client: XdsClient, { clusters, endpoints }: BenchSize): boolean {
  const held = client.held(TYPES.cluster)
  const assignments = client.held(TYPES.endpoints)
  if (held.size !== clusters || assignments.size !== clusters) return false
  if (client.held(TYPES.listener).size !== 1) return false
  const [routes] = [...client.held(TYPES.routes).values()]
  if (!routes || Buffer.from(routes.bytes).includes('change-')) return false
  const all = Buffer.from(routes.bytes)
  if (clusters > 0 && !all.includes(`/${nameOf(clusters - 1)}/`)) return false
  return [...assignments.values()].every(({ bytes }) => endpointsOf(bytes).length === endpoints)
}
