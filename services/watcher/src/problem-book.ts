// The problems that stand at present, by what they are about. Each is logged once, when it is new; what goes away is not.
import { formatProblem, type Problem } from '@fleetcast/shared/objects/problem'
import type { Logger } from '@fleetcast/shared/runtime/logger'

export interface ProblemBook {
  /** Replaces the problems known of one thing; an empty list clears them. */
  set(about: string, problems: readonly Problem[]): void
  /** Forgets all: this watcher no longer looks. */
  clear(): void
  all(): readonly Problem[]
  /** Called after every change with all of them, until the returned function is called. */
  onChange(tell: (problems: readonly Problem[]) => void): () => void
}

/** `site`: put into the place of every problem. */
export function createProblemBook(deps: { readonly site: string; readonly logger: Logger }): ProblemBook {
  const { site, logger } = deps
  const known = new Map<string, readonly Problem[]>()
  const listeners = new Set<(problems: readonly Problem[]) => void>()
  const all = (): readonly Problem[] => [...known.values()].flat()
  return {
    set(about, problems) {
      const before = new Set((known.get(about) ?? []).map(formatProblem))
      const placed = problems.map((p): Problem => ({ ...p, place: { site, ...p.place } }))
      const fresh = placed.filter((p) => !before.has(formatProblem(p)))
      if (fresh.length === 0 && before.size === new Set(placed.map(formatProblem)).size) return
      for (const problem of fresh) logger.warn({ problem }, formatProblem(problem))
      if (placed.length === 0) known.delete(about)
      else known.set(about, placed)
      for (const tell of listeners) tell(all())
    },
    clear() {
      if (known.size === 0) return
      known.clear()
      for (const tell of listeners) tell([])
    },
    all,
    onChange(tell) {
      listeners.add(tell)
      return () => listeners.delete(tell)
    },
  }
}
