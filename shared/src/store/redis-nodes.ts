// The status of nodes in Redis, as edges report it: one hash an edge, which expires with its last report.
import { FORMAT } from '../redis/format.ts'
import type { RedisConnection } from '../redis/redis-link.ts'
import type { Clock } from '../runtime/clock.ts'
import { storeKeys } from './redis-read.ts'
import { PUT_NODES } from './redis-scripts.ts'
import type { NodeStatus } from './set-store.ts'
import { parseNodeReport } from './stored-forms.ts'

export interface NodeReports {
  put(edge: string, nodes: readonly NodeStatus[], ttlSeconds: number): Promise<void>
  all(): Promise<readonly NodeStatus[]>
}

export function createNodeReports(deps: {
  readonly redis: RedisConnection
  readonly prefix: string
  readonly clock: Clock
}): NodeReports {
  const { redis, prefix, clock } = deps
  const keys = storeKeys(prefix)
  return {
    async put(edge, nodes, ttlSeconds) {
      const [now, until] = [clock.now(), clock.now() + ttlSeconds * 1_000]
      const reports = nodes.flatMap((node) => [
        `${node.cluster}\n${node.id}`,
        JSON.stringify({ v: FORMAT, until, node }),
      ])
      await redis.run(PUT_NODES, keys.nodes(edge), [now, until, Math.ceil(ttlSeconds), ...reports])
      await redis.call('ZADD', keys.edges, until, edge)
    },
    async all() {
      const now = clock.now()
      await redis.call('ZREMRANGEBYSCORE', keys.edges, '-inf', now)
      const edges = (await redis.call('ZRANGE', keys.edges, 0, -1)) as string[]
      const reports = await Promise.allSettled(edges.map((edge) => redis.call('HVALS', keys.nodes(edge)[0])))
      const [first] = reports
      if (first?.status === 'rejected' && reports.every(({ status }) => status === 'rejected')) throw first.reason
      return reports
        .flatMap((report) => (report.status === 'fulfilled' ? (report.value as string[]) : []))
        .map(parseNodeReport)
        .filter((report) => report !== undefined)
        .filter(({ until }) => until > now)
        .map(({ node }) => node)
    },
  }
}
