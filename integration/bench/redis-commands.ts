// What one change costs Redis: every command that a client sends, as MONITOR shows them, by the role that sent it. What
// scripts call inside Redis is not counted, nor is what the processes send while nothing changes.
import { setTimeout as pause } from 'node:timers/promises'
import { type RedisServer, startRedis } from '../harness/redis.ts'
import { connectXds, createXdsClient } from '../harness/xds-client.ts'
import { endpointsOf, TYPES } from '../harness/xds-content.ts'
import { NODE_CLUSTER, nameOf } from './bench-world.ts'
import type { Peers } from './build-peers.ts'
import { startContender } from './contender.ts'

export interface RedisCounts {
  readonly perChange: number
  readonly perEdgeAndChange: number
  readonly readsPerEdgeAndChange: number
  readonly idlePerSecond: number
}

const CLUSTERS = 100
const STREAMS_PER_EDGE = 10
const IDLE_MS = 5_000
/** Commands that fetch what a set holds. */
const READS = new Set(['hget', 'hmget', 'hgetall', 'hscan', 'xrange', 'xread'])

export async function countRedis(
  peers: Peers,
  { edges, changes }: { readonly edges: number; readonly changes: number },
): Promise<RedisCounts> {
  await using redis = await startRedis()
  await using server = await startContender('ours', peers, ['--redis', redis.url, '--workers', String(edges)])
  const post = (path: string, body: object): Promise<Response> =>
    fetch(`${server.control}${path}`, { method: 'POST', body: JSON.stringify(body) })
  await post('/reset', { clusters: CLUSTERS, endpoints: 10 })
  const connections = Array.from({ length: edges * STREAMS_PER_EDGE }, () => connectXds(server.address))
  const clients = connections.map((connection, i) =>
    createXdsClient({ server: connection, variant: 'delta', node: { id: `count-${i}`, cluster: NODE_CLUSTER } }),
  )
  try {
    const all = (
      what: string,
      holds: (held: (type: string) => ReadonlyMap<string, { bytes: Uint8Array }>) => boolean,
    ) => Promise.all(clients.map((client) => client.until(what, () => holds(client.held), 60_000)))
    await all('the whole world', (held) => held(TYPES.endpoints).size === CLUSTERS)
    const monitor = await startMonitor(redis)
    await pause(IDLE_MS)
    const idle = monitor.take()
    const startedAt = performance.now()
    for (let seq = 1; seq <= changes; seq++) {
      const index = (seq * 7_919) % CLUSTERS
      await post('/change', { kind: 'endpoint', seq, index })
      const marker = `10.250.${seq >> 8}.${seq & 255}:8080`
      await all(`change ${seq}`, (held) => {
        const bytes = held(TYPES.endpoints).get(nameOf(index))?.bytes
        return bytes !== undefined && endpointsOf(bytes).some(({ address }) => address === marker)
      })
    }
    const busy = monitor.take()
    const idleShare = (performance.now() - startedAt) / IDLE_MS
    monitor.stop()
    const per = (count: (of: Taken) => number): number => (count(busy) - count(idle) * idleShare) / changes
    return {
      perChange: per(({ all }) => all),
      perEdgeAndChange: per(({ edge }) => edge) / edges,
      readsPerEdgeAndChange: per(({ edgeReads }) => edgeReads) / edges,
      idlePerSecond: (idle.all / IDLE_MS) * 1_000,
    }
  } finally {
    for (const client of clients) client.close()
    for (const connection of connections) connection.close()
  }
}

interface Taken {
  readonly all: number
  readonly edge: number
  readonly edgeReads: number
}

async function startMonitor(redis: RedisServer): Promise<{ take(): Taken; stop(): void }> {
  const list = await redis.client.client('LIST')
  const edges = new Set([...String(list).matchAll(/ addr=(\S+) .*name=\S*edge/g)].map(([, address]) => address))
  const monitor = await redis.client.monitor()
  let taken = { all: 0, edge: 0, edgeReads: 0 }
  monitor.on('monitor', (_time: string, [command = '']: string[], source: string) => {
    if (source === 'lua') return
    taken.all++
    if (!edges.has(source)) return
    taken.edge++
    if (READS.has(command.toLowerCase())) taken.edgeReads++
  })
  return {
    take() {
      const result = taken
      taken = { all: 0, edge: 0, edgeReads: 0 }
      return result
    },
    stop: () => monitor.disconnect(),
  }
}
