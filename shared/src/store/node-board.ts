// The status of nodes as edges last reported it, in one process, each edge's report gone when its time is over.
import type { Clock } from '../runtime/clock.ts'
import type { NodeStatus } from './set-store.ts'

export interface NodeBoard {
  put(edge: string, nodes: readonly NodeStatus[], ttlSeconds: number): void
  all(): readonly NodeStatus[]
  clear(): void
}

export function createNodeBoard(clock: Clock): NodeBoard {
  const nodes = new Map<string, { readonly status: NodeStatus; readonly until: number }>()
  return {
    put(edge, statuses, ttlSeconds) {
      const until = clock.now() + ttlSeconds * 1_000
      for (const status of statuses) nodes.set(`${edge}\n${status.cluster}\n${status.id}`, { status, until })
    },
    all() {
      for (const [key, { until }] of nodes) if (until <= clock.now()) nodes.delete(key)
      return [...nodes.values()].map(({ status }) => status)
    },
    clear() {
      nodes.clear()
    },
  }
}
