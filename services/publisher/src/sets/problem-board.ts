// What is known to be wrong, set by set: told to the store when it changes, to the log once each when it is new. Another
// publisher may have told the store something else since: that is looked at from time to time.
import { formatProblem, type Problem } from '@fleetcast/shared/objects/problem'
import type { Clock } from '@fleetcast/shared/runtime/clock'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import type { Metrics } from '@fleetcast/shared/runtime/metrics'
import type { SetName, SetStore } from '@fleetcast/shared/store/set-store'

/** The sweep shows every set so often. */
const LOOK_MS = 10_000

export interface ProblemBoard {
  show(set: SetName, problems: readonly Problem[]): Promise<void>
  all(): readonly Problem[]
}

export function createProblemBoard(options: {
  readonly store: Pick<SetStore, 'problems' | 'setProblems'>
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
}): ProblemBoard {
  const { store, clock, logger, metrics } = options
  const looked = new Map<SetName, number>()
  const shown = new Map<SetName, ReadonlyMap<string, Problem>>()
  const gauge = metrics.gauge('fleetcast_publisher_problems', 'What is wrong in what users wrote.', ['severity'])

  /** Where nothing is new here: whether the store still says so. */
  async function look(set: SetName, problems: readonly Problem[]): Promise<void> {
    if (clock.now() - (looked.get(set) ?? 0) < LOOK_MS) return
    looked.set(set, clock.now())
    const told = await store.problems(set).catch(() => undefined)
    const isSame = told?.map(formatProblem).join('\n') === problems.map(formatProblem).join('\n')
    if (!isSame) await store.setProblems(set, problems)
  }

  const all = (): readonly Problem[] => [...shown.values()].flatMap((problems) => [...problems.values()])

  return {
    async show(set, problems) {
      const before = shown.get(set)
      const now = new Map(problems.map((problem) => [formatProblem(problem), problem]))
      const came = [...now].filter(([text]) => !before?.has(text))
      if (before && came.length === 0 && before.size === now.size) return look(set, [...now.values()])
      shown.set(set, now)
      for (const [text, { severity, code, place }] of came) {
        logger[severity === 'error' ? 'error' : 'warn']({ set, code, ...place }, text)
      }
      for (const text of before?.keys() ?? []) if (!now.has(text)) logger.info({ set }, `no longer: ${text}`)
      for (const severity of ['error', 'warning'] as const) {
        gauge.set({ severity }, all().filter((problem) => problem.severity === severity).length)
      }
      await store.setProblems(set, [...now.values()])
      looked.set(set, clock.now())
    },
    all,
  }
}
