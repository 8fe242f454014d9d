// What is known to be wrong, set by set: told to the store when it changes, to the log once each when it is new.
import { formatProblem, type Problem } from '@fleetcast/shared/objects/problem'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import type { Metrics } from '@fleetcast/shared/runtime/metrics'
import type { SetName, SetStore } from '@fleetcast/shared/store/set-store'

export interface ProblemBoard {
  show(set: SetName, problems: readonly Problem[]): Promise<void>
  all(): readonly Problem[]
}

export function createProblemBoard(options: {
  readonly store: SetStore
  readonly logger: Logger
  readonly metrics: Metrics
}): ProblemBoard {
  const { store, logger, metrics } = options
  const shown = new Map<SetName, ReadonlyMap<string, Problem>>()
  const gauge = metrics.gauge('fleetcast_publisher_problems', 'What is wrong in what users wrote.', ['severity'])

  const all = (): readonly Problem[] => [...shown.values()].flatMap((problems) => [...problems.values()])

  return {
    async show(set, problems) {
      const before = shown.get(set)
      const now = new Map(problems.map((problem) => [formatProblem(problem), problem]))
      const came = [...now].filter(([text]) => !before?.has(text))
      if (before && came.length === 0 && before.size === now.size) return
      shown.set(set, now)
      for (const [text, { severity, code, place }] of came) {
        logger[severity === 'error' ? 'error' : 'warn']({ set, code, ...place }, text)
      }
      for (const text of before?.keys() ?? []) if (!now.has(text)) logger.info({ set }, `no longer: ${text}`)
      for (const severity of ['error', 'warning'] as const) {
        gauge.set({ severity }, all().filter((problem) => problem.severity === severity).length)
      }
      await store.setProblems(set, [...now.values()])
    },
    all,
  }
}
