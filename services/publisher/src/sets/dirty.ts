// What may differ from what is committed: names by view, and fleets. A mark that is taken and then not committed is given
// back, so that nothing is forgotten.
import type { Touched } from '../compile/compiler.ts'
import type { ViewId } from '../views/views.ts'

/** `'all'`: every name of the view. */
export type Names = ReadonlySet<string> | 'all'

export interface Dirty {
  mark(touched: Touched): void
  markView(view: ViewId, names: Names): void
  /** Removes and returns the marks of a view, joined with those that were taken before. */
  take(view: ViewId, before?: Names): Names | undefined
  views(): readonly ViewId[]
  /** Grows with every mark of the fleet: what was compiled before it is old. */
  fleetMark(fleet: string): number
}

export function createDirty(): Dirty {
  const views = new Map<ViewId, Set<string> | 'all'>()
  const fleets = new Map<string, number>()

  function markView(view: ViewId, names: Names): void {
    const held = views.get(view)
    if (held === 'all') return
    if (names === 'all' || held === undefined) views.set(view, names === 'all' ? names : new Set(names))
    else for (const name of names) held.add(name)
  }

  return {
    mark(touched) {
      for (const [view, names] of touched.views) markView(view, names)
      for (const fleet of touched.fleets) fleets.set(fleet, (fleets.get(fleet) ?? 0) + 1)
    },
    markView,
    take(view, before) {
      if (before) markView(view, before)
      const names = views.get(view)
      views.delete(view)
      return names
    },
    views: () => [...views.keys()],
    fleetMark: (fleet) => fleets.get(fleet) ?? 0,
  }
}
