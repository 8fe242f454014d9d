// What `fleetcast up` has beside its watcher: publisher, edge and admin address, over a store and a queue in memory.
import { createPublisher } from '@fleetcast/publisher/publisher'
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import type { ObjectLog } from '@fleetcast/shared/log/object-log'
import { createMemoryQueue } from '@fleetcast/shared/queue/memory'
import type { Clock, Random } from '@fleetcast/shared/runtime/clock'
import type { Values } from '@fleetcast/shared/runtime/config'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import type { Metrics } from '@fleetcast/shared/runtime/metrics'
import { aborted } from '@fleetcast/shared/runtime/run'
import { createMemoryStore } from '@fleetcast/shared/store/memory'
import type { Watcher } from '@fleetcast/watcher/watcher'
import { createEdge } from '@fleetcast/xds-edge/edge'
import { edgeListeners, startEdge } from './edge-listeners.ts'
import { publisherPart } from './publisher-part.ts'
import { readyLine } from './ready-line.ts'
import { createRoleAdmin } from './role-admin.ts'
import type { upSettings } from './settings.ts'
import { tellSiteProblems } from './site-problems.ts'
import type { Terminal } from './terminal.ts'

export interface UpServing {
  readonly values: Values<typeof upSettings>
  readonly log: ObjectLog
  readonly watcher: Watcher
  readonly terminal: Terminal
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: Metrics
  readonly stop: AbortSignal
}

/** Until it is told to stop. Fails where an address is taken. */
export async function serveUp({ values, log, watcher, terminal, stop, ...parts }: UpServing): Promise<void> {
  const store = createMemoryStore()
  const listeners = await edgeListeners(values, parts.clock, parts.logger)
  const edge = createEdge({ ...parts, ...listeners, store, name: 'up', singleFleet: true })
  const publisher = createPublisher({ ...parts, log, store, queue: createMemoryQueue(), types: createEnvoyTypes() })
  const admin = await createRoleAdmin({
    ...parts,
    role: 'up',
    address: values.admin,
    signal: stop,
    parts: { watcher, publisher: publisherPart(publisher), edge },
    sources: { store, log, sites: [values.site] },
  })
  tellSiteProblems({ watcher, store, site: values.site, logger: parts.logger })
  await startEdge(edge, values)
  await edge.ready(stop)
  if (!stop.aborted) terminal.print(readyLine({ ...edge.addresses(), admin: admin.address }))
  await aborted(stop)
  await edge.stop()
  await publisher.close()
  await admin.close()
}
