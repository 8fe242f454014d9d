// `fleetcast edge`: serves the sets of Redis.
import { hostname } from 'node:os'
import { systemClock } from '@fleetcast/shared/runtime/clock'
import { createMetrics } from '@fleetcast/shared/runtime/metrics'
import { aborted, EXIT_DONE } from '@fleetcast/shared/runtime/run'
import { createEdge } from '@fleetcast/xds-edge/edge'
import { edgeListeners, startEdge } from './edge-listeners.ts'
import { openPorts } from './ports.ts'
import { readyLine } from './ready-line.ts'
import { createRedisPart } from './redis-part.ts'
import { createRoleAdmin } from './role-admin.ts'
import type { edgeSettings } from './settings.ts'
import type { Run } from './verb.ts'

/** Streams are ended over this time, so that their Envoys do not all come to the other edges at once. */
const DRAIN_MS = 3_000

export const edge: Run<typeof edgeSettings> = async ({ values, signal, logger, terminal }) => {
  const metrics = createMetrics({ processMetrics: true })
  const deps = { clock: systemClock, random: Math.random, logger, metrics }
  const ports = await openPorts({ ...deps, values, name: 'edge' })
  const store = ports.openStore()
  const name = `${hostname()}:${process.pid}`
  const listeners = await edgeListeners(values, systemClock, logger)
  const { fleets, stateDir } = values
  const serving = createEdge({ ...deps, ...listeners, store, name, fleets, stateDir, sealKey: ports.sealKey })
  const redis = createRedisPart(ports.redis, systemClock, signal)
  const admin = await createRoleAdmin({
    ...deps,
    role: 'edge',
    address: values.admin,
    signal,
    // Once an edge has its sets it goes on without Redis: that Redis is away is then no reason not to be asked.
    parts: { edge: serving, redis: { ...redis, missing: () => (serving.missing().length > 0 ? redis.missing() : []) } },
    sources: { store },
  })
  await startEdge(serving, values)
  await serving.ready(signal)
  if (!signal.aborted) terminal.print(readyLine({ ...serving.addresses(), admin: admin.address }))
  await aborted(signal)
  await serving.stop(DRAIN_MS)
  await admin.close()
  await ports.close()
  return EXIT_DONE
}
