// The whole path in this process over memory, as `fleetcast up` runs it, but fed by the control contract.
import { createPublisher } from '@fleetcast/publisher/publisher'
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import { alwaysLeads } from '@fleetcast/shared/log/leadership'
import { createMemoryLog } from '@fleetcast/shared/log/memory'
import { createMemoryQueue } from '@fleetcast/shared/queue/memory'
import type { Address } from '@fleetcast/shared/runtime/address'
import { systemClock } from '@fleetcast/shared/runtime/clock'
import { createLogger } from '@fleetcast/shared/runtime/logger'
import { createMetrics, type Metrics } from '@fleetcast/shared/runtime/metrics'
import { createMemoryStore } from '@fleetcast/shared/store/memory'
import type { SetStore } from '@fleetcast/shared/store/set-store'
import { createWatcher } from '@fleetcast/watcher/watcher'
import { createEdge } from '@fleetcast/xds-edge/edge'
import type { BenchSource } from './bench-source.ts'
import { collectGarbage } from './collect-garbage.ts'

/** What `serve` needs of a running plane, wherever its processes are. */
export interface Plane {
  readonly store: SetStore
  readonly pids: readonly number[]
  /** Collects garbage in every process of it. */
  collect(): Promise<void>
}

export async function serveEmbedded(
  source: BenchSource,
  listen: Address,
  signal: AbortSignal,
): Promise<Plane & { readonly metrics: Metrics }> {
  const metrics = createMetrics({ processMetrics: true })
  const logger = createLogger({ level: 'warn', role: 'bench' })
  const parts = { clock: systemClock, random: Math.random, logger, metrics }
  const log = createMemoryLog()
  const store = createMemoryStore()
  const watcher = createWatcher({ ...parts, site: 'bench', source, log, leadership: alwaysLeads })
  const publisher = createPublisher({ ...parts, log, store, queue: createMemoryQueue(), types: createEnvoyTypes() })
  const edge = createEdge({ ...parts, store, name: 'bench', listen })
  await edge.start()
  signal.addEventListener('abort', () => void publisher.close().then(() => edge.stop()), { once: true })
  void watcher.run(signal)
  await edge.ready(signal)
  return { metrics, store, pids: [process.pid], collect: async () => collectGarbage() }
}
