// `fleetcast up`: watcher, publisher and edge in one process, over ports in memory. The one place where the three meet.
import { createMemoryLog } from '@fleetcast/shared/log/memory'
import { systemClock } from '@fleetcast/shared/runtime/clock'
import { createMetrics } from '@fleetcast/shared/runtime/metrics'
import { EXIT_DONE } from '@fleetcast/shared/runtime/run'
import { createWatcherOf } from '@fleetcast/watcher/main'
import type { upSettings } from './settings.ts'
import { sourceOf } from './source-of.ts'
import { runTogether } from './together.ts'
import type { Run } from './verb.ts'

export const up: Run<typeof upSettings> = async ({ values, operands, signal, logger, terminal }) => {
  const metrics = createMetrics({ processMetrics: true })
  const parts = { clock: systemClock, random: Math.random, logger, metrics }
  const log = createMemoryLog()
  const watcher = await createWatcherOf(
    { site: values.site, from: sourceOf({ folder: operands[0], ...values }), shared: false },
    { ...parts, log },
  )
  const serve = async (stop: AbortSignal): Promise<void> => {
    // The source is asked first: what serves is loaded and made while it answers.
    const { serveUp } = await import('./up-serving.ts')
    await serveUp({ ...parts, values, log, watcher, terminal, stop })
  }
  await runTogether([(stop) => watcher.run(stop), serve], signal)
  return EXIT_DONE
}
