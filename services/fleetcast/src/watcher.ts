// `fleetcast watcher`: one site's watcher over Redis.
import { systemClock } from '@fleetcast/shared/runtime/clock'
import { createMetrics } from '@fleetcast/shared/runtime/metrics'
import { EXIT_DONE } from '@fleetcast/shared/runtime/run'
import { createWatcherOf } from '@fleetcast/watcher/main'
import { openPorts } from './ports.ts'
import { createRedisPart } from './redis-part.ts'
import { createRoleAdmin } from './role-admin.ts'
import type { watcherSettings } from './settings.ts'
import { tellSiteProblems } from './site-problems.ts'
import { sourceOf } from './source-of.ts'
import type { Run } from './verb.ts'

export const watcher: Run<typeof watcherSettings> = async ({ values, signal, logger }) => {
  const metrics = createMetrics({ processMetrics: true })
  const deps = { clock: systemClock, random: Math.random, logger, metrics }
  const ports = await openPorts({ ...deps, values, name: 'watcher' })
  const { site } = values
  const parts = { ...deps, log: ports.openLog(), folderLock: ports.openLock(site) }
  const watching = await createWatcherOf({ site, from: sourceOf(values), shared: true }, parts)
  tellSiteProblems({ watcher: watching, store: ports.openStore(), site, logger })
  const admin = await createRoleAdmin({
    ...deps,
    role: 'watcher',
    address: values.admin,
    signal,
    parts: { redis: createRedisPart(ports.redis, systemClock, signal), watcher: watching },
  })
  await watching.run(signal)
  await admin.close()
  await ports.close()
  return EXIT_DONE
}
