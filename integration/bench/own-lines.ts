// Lines that ours has alone, each held against itself in another shape: no peer has a publisher, workers or a Redis.

import type { Peers } from './build-peers.ts'
import { coldStartMs } from './cold-start.ts'
import { startContender } from './contender.ts'
import { runLoad, type Shape } from './load.ts'
import { countRedis } from './redis-commands.ts'

export interface OwnValue {
  readonly line: string
  readonly unit: string
  readonly value: number
  /** The most that it may be. */
  readonly most?: number
}

export interface OwnLine {
  readonly title: string
  readonly isQuick?: true
  measure(options: { readonly peers: Peers; readonly isQuick: boolean }): Promise<readonly OwnValue[]>
}

export const OWN_LINES: readonly OwnLine[] = [
  {
    title: 'one stream, 100 and 10,000 clusters',
    async measure({ peers }) {
      // So many that a collection of the whole heap, which one of 300 changes may or may not bear, is shared by all.
      const changes = 1_000
      const small = await cpuUs(peers, { clusters: 100, streams: 1, connections: 1 }, [], changes)
      const large = await cpuUs(peers, { clusters: 10_000, streams: 1, connections: 1 }, [], changes)
      return [
        { line: 'CPU a change, 100 clusters', unit: 'µs', value: small },
        { line: 'CPU a change, 10,000 clusters', unit: 'µs', value: large },
        { line: 'the one by the other', unit: '', value: large / small, most: 1.2 },
      ]
    },
  },
  {
    title: 'edges as processes, 100:1,000 on 50',
    isQuick: true,
    async measure({ peers, isQuick }) {
      const shape = { clusters: 100, streams: 1_000, connections: 50 }
      const at = (...args: string[]): Promise<number> => cpuUs(peers, shape, args, isQuick ? 20 : 300)
      const whole = await at()
      const one = await at('--workers', '1')
      const two = await at('--workers', '2')
      return [
        { line: 'CPU per stream and change, one process', unit: 'µs', value: whole },
        { line: 'the same over Redis, 1 worker', unit: 'µs', value: one },
        { line: 'the same over Redis, 2 workers', unit: 'µs', value: two },
        { line: '2 workers by 1', unit: '', value: two / one, most: 1.2 },
      ]
    },
  },
  {
    title: 'over Redis, 3 edges',
    isQuick: true,
    async measure({ peers, isQuick }) {
      const edges = 3
      const counts = await countRedis(peers, { edges, changes: isQuick ? 50 : 200 })
      return [
        { line: 'commands of all per change', unit: '', value: counts.perChange, most: 10 + 2 * edges },
        { line: 'commands of each edge per change', unit: '', value: counts.perEdgeAndChange },
        { line: 'reads of the changed bytes by each edge', unit: '', value: counts.readsPerEdgeAndChange, most: 1 },
        { line: 'commands a second while nothing changes', unit: '/s', value: counts.idlePerSecond },
      ]
    },
  },
  {
    title: 'cold start, 10,000 Services',
    async measure() {
      return [{ line: 'to the first complete answer', unit: 'ms', value: await coldStartMs(10_000) }]
    },
  },
]

async function cpuUs(peers: Peers, shape: Shape, serveArgs: readonly string[], changes: number): Promise<number> {
  await using server = await startContender('ours', peers, serveArgs)
  // Warm first: what is asked for is what a change costs a process that has run for a while.
  const flags = ['-rates', '100', '-duration', '6s', '-changes', String(changes), '-settle', '30ms']
  const results = await runLoad(peers.xdsload, server, { shape, variant: 'delta', scenarios: 'churn,fanout', flags })
  return results.find(({ scenario }) => scenario === 'fanout')?.server_cpu_us_per_stream_change ?? Number.NaN
}
