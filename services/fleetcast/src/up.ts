// `fleetcast up`: watcher, publisher and edge in one process, over ports in memory. The one place where the three meet.
import { createPublisher } from '@fleetcast/publisher/publisher'
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import { createMemoryLog } from '@fleetcast/shared/log/memory'
import { createMemoryQueue } from '@fleetcast/shared/queue/memory'
import { systemClock } from '@fleetcast/shared/runtime/clock'
import { createMetrics } from '@fleetcast/shared/runtime/metrics'
import { aborted, EXIT_DONE } from '@fleetcast/shared/runtime/run'
import { createMemoryStore } from '@fleetcast/shared/store/memory'
import { createWatcherOf } from '@fleetcast/watcher/main'
import { createEdge } from '@fleetcast/xds-edge/edge'
import { edgeListeners, startEdge } from './edge-listeners.ts'
import { publisherPart, untilStopped } from './publisher-part.ts'
import { readyLine } from './ready-line.ts'
import { createRoleAdmin } from './role-admin.ts'
import type { upSettings } from './settings.ts'
import { tellSiteProblems } from './site-problems.ts'
import { sourceOf } from './source-of.ts'
import { runTogether } from './together.ts'
import type { Run } from './verb.ts'

export const up: Run<typeof upSettings> = async ({ values, operands, signal, logger, terminal }) => {
  const metrics = createMetrics({ processMetrics: true })
  const parts = { clock: systemClock, random: Math.random, logger, metrics }
  const log = createMemoryLog()
  const store = createMemoryStore()
  const watcher = await createWatcherOf(
    { site: values.site, from: sourceOf({ folder: operands[0], ...values }), shared: false },
    { ...parts, log },
  )
  const publisher = createPublisher({ ...parts, log, store, queue: createMemoryQueue(), types: createEnvoyTypes() })
  const edge = createEdge({
    ...parts,
    ...(await edgeListeners(values, systemClock, logger)),
    store,
    name: 'up',
    singleFleet: true,
  })
  const admin = await createRoleAdmin({
    ...parts,
    role: 'up',
    address: values.admin,
    signal,
    parts: { watcher, publisher: publisherPart(publisher), edge },
    sources: { store, log, sites: [values.site] },
  })
  tellSiteProblems({ watcher, store, site: values.site, logger })
  await startEdge(edge, values)
  const serve = async (stop: AbortSignal): Promise<void> => {
    await edge.ready(stop)
    if (!stop.aborted) terminal.print(readyLine({ ...edge.addresses(), admin: admin.address }))
    await aborted(stop)
    await edge.stop()
  }
  await runTogether([(stop) => watcher.run(stop), (stop) => untilStopped(publisher, stop), serve], signal)
  await admin.close()
  return EXIT_DONE
}
