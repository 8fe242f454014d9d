// `fleetcast publisher`: compiles all sites' logs into sets, over Redis.
import { createPublisher, type Publisher } from '@fleetcast/publisher/publisher'
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import type { ObjectLog } from '@fleetcast/shared/log/object-log'
import type { JobQueue } from '@fleetcast/shared/queue/job-queue'
import { type Clock, pause, systemClock } from '@fleetcast/shared/runtime/clock'
import { createMetrics } from '@fleetcast/shared/runtime/metrics'
import { aborted, EXIT_DONE } from '@fleetcast/shared/runtime/run'
import { openPorts } from './ports.ts'
import { publisherPart } from './publisher-part.ts'
import { createRedisPart } from './redis-part.ts'
import { createRoleAdmin } from './role-admin.ts'
import type { publisherSettings } from './settings.ts'
import type { Run } from './verb.ts'

export const publisher: Run<typeof publisherSettings> = async ({ values, signal, logger }) => {
  const metrics = createMetrics({ processMetrics: true })
  const deps = { clock: systemClock, random: Math.random, logger, metrics }
  const ports = await openPorts({ ...deps, values, name: 'publisher' })
  const [log, store, queue] = [ports.openLog(), ports.openStore(), ports.openQueue()]
  const types = createEnvoyTypes()
  const { stateDir } = values
  const compiling = createPublisher({ ...deps, log, store, queue, types, sealKey: ports.sealKey, stateDir })
  const redis = createRedisPart(ports.redis, systemClock, signal)
  const admin = await createRoleAdmin({
    ...deps,
    role: 'publisher',
    address: values.admin,
    signal,
    parts: { redis, publisher: publisherPart(compiling) },
    sources: { store },
  })
  if (values.drain) await drain({ publisher: compiling, log, queue, clock: systemClock }, signal)
  else await aborted(signal)
  await compiling.close()
  await admin.close()
  await ports.close()
  return EXIT_DONE
}

interface Due {
  readonly publisher: Publisher
  readonly log: ObjectLog
  readonly queue: JobQueue
  readonly clock: Clock
}

const ASK_MS = 50

/** Until nothing is left to compile; at once where no watcher ever wrote anything. */
async function drain({ publisher: compiling, log, queue, clock }: Due, signal: AbortSignal): Promise<void> {
  const isDone = async (): Promise<boolean> => {
    if ((await log.sites()).length === 0) return true
    if (!compiling.status().ready) return false
    await compiling.settled()
    return queue.idle()
  }
  while (!signal.aborted && !(await isDone())) await pause(clock, ASK_MS, signal)
}
