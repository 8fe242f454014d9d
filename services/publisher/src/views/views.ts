// The views and the names that each must hold. A view keeps a name for as long as anybody holds it: a fleet as it is now
// compiled, or a fleet as it was last committed, so that an edge never links to what is gone.
import { hash } from 'node:crypto'
import type { ServiceKey } from '@fleetcast/shared/catalog/catalog'
import { type Naming, refsOf } from '../fleets/naming.ts'
import { namingsOf, type ViewSettings } from '../fleets/settings.ts'

export type ViewId = string

/** Whoever needs names: `compiled shop`, `committed shop`. */
export type Holder = string

export interface View {
  readonly id: ViewId
  /** Undefined for a view that only a committed set still names: it is left as it stands. */
  readonly settings: ViewSettings | undefined
  readonly naming: readonly Naming[]
  readonly names: ReadonlyMap<string, ReadonlySet<Holder>>
}

export interface Views {
  /** Replaces what the holder needs of the view; returns the names that came or went. */
  hold(holder: Holder, view: ViewId, names: ReadonlySet<string>, settings?: ViewSettings): readonly string[]
  /** Views in which the holder holds names. */
  heldBy(holder: Holder): readonly ViewId[]
  view(id: ViewId): View | undefined
  ids(): Iterable<ViewId>
  /** The names, by view, whose assignment comes from the service. */
  namesOf(service: ServiceKey): Iterable<readonly [ViewId, ReadonlySet<string>]>
}

interface Held extends View {
  settings: ViewSettings | undefined
  naming: readonly Naming[]
  readonly names: Map<string, Set<Holder>>
  readonly byHolder: Map<Holder, ReadonlySet<string>>
  readonly byService: Map<ServiceKey, Set<string>>
}

const NONE: ReadonlySet<string> = new Set()

/** Fleets that agree on the settings share the view. */
export const viewId = (settings: ViewSettings): ViewId => hash('sha256', canonicalJson(settings), 'hex').slice(0, 12)

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`
}

export function createViews(): Views {
  const views = new Map<ViewId, Held>()

  function viewOf(id: ViewId): Held {
    const known = views.get(id)
    if (known) return known
    const made: Held = {
      id,
      settings: undefined,
      naming: [],
      names: new Map(),
      byHolder: new Map(),
      byService: new Map(),
    }
    views.set(id, made)
    return made
  }

  return {
    hold(holder, id, names, settings) {
      const view = viewOf(id)
      const isNew = settings !== undefined && view.settings === undefined
      if (isNew) {
        Object.assign(view, { settings, naming: namingsOf(settings.naming) })
        for (const name of view.names.keys()) index(view, name)
      }
      const before = view.byHolder.get(holder) ?? NONE
      if (names.size > 0) view.byHolder.set(holder, names)
      else view.byHolder.delete(holder)
      const came = before === names ? [] : [...names].filter((name) => take(view, holder, name))
      const went = before === names ? [] : [...before].filter((name) => !names.has(name) && drop(view, holder, name))
      if (view.byHolder.size === 0) views.delete(id)
      return isNew ? [...view.names.keys(), ...went] : [...came, ...went]
    },
    heldBy: (holder) => [...views].filter(([, { byHolder }]) => byHolder.has(holder)).map(([id]) => id),
    view: (id) => views.get(id),
    ids: () => views.keys(),
    *namesOf(service) {
      for (const [id, { byService }] of views) {
        const names = byService.get(service)
        if (names) yield [id, names]
      }
    },
  }
}

/** True for a name that nobody held. */
function take(view: Held, holder: Holder, name: string): boolean {
  const holders = view.names.get(name)
  if (holders) {
    holders.add(holder)
    return false
  }
  view.names.set(name, new Set([holder]))
  index(view, name)
  return true
}

/** True for a name that nobody holds any more. */
function drop(view: Held, holder: Holder, name: string): boolean {
  const holders = view.names.get(name)
  holders?.delete(holder)
  if (holders === undefined || holders.size > 0) return false
  view.names.delete(name)
  for (const service of servicesOf(view.naming, name)) {
    const names = view.byService.get(service)
    names?.delete(name)
    if (names?.size === 0) view.byService.delete(service)
  }
  return true
}

function index(view: Held, name: string): void {
  for (const service of servicesOf(view.naming, name)) {
    const names = view.byService.get(service)
    if (names) names.add(name)
    else view.byService.set(service, new Set([name]))
  }
}

/** Every service that the name may stand for. */
export const servicesOf = (naming: readonly Naming[], name: string): readonly ServiceKey[] =>
  naming.flatMap((each) => refsOf(each, name)).map((ref) => `${ref.namespace}/${ref.service}`)
