// What is done for one set when its doorbell rings: compile what is dirty, commit it, and keep the order in which sets
// depend on each other. A view has its new names before a fleet links to them and loses them after no committed fleet does;
// the directory names a view before a fleet needs it (design rule 6).

import { diff } from '@fleetcast/shared/resources/diff'
import { isEmptyChange } from '@fleetcast/shared/resources/digest'
import type { Resource } from '@fleetcast/shared/resources/resource'
import { ENDPOINTS } from '@fleetcast/shared/resources/types'
import { DIRECTORY, type DirectoryFleet, fleetSet, viewSet } from '@fleetcast/shared/store/directory'
import { sourcesSet } from '@fleetcast/shared/store/origins'
import {
  type EntryKey,
  entryKey,
  isLink,
  type SetChange,
  type SetHead,
  type SetName,
  type SetStore,
} from '@fleetcast/shared/store/set-store'
import { compileDirectory } from '../compile/compile-directory.ts'
import { type Compiler, untouched } from '../compile/compiler.ts'
import type { Facts } from '../fleets/document.ts'
import { goodOrigins, goodResource, readGood } from '../fleets/good-record.ts'
import type { ViewId } from '../views/views.ts'
import { byText } from '../world/order.ts'
import type { Committer, Wanted } from './committer.ts'
import type { Dirty, Names } from './dirty.ts'
import type { Mirror } from './mirror.ts'
import type { Mirrors } from './mirrors.ts'
import type { ProblemBoard } from './problem-board.ts'
import { createRollbacks } from './rollbacks.ts'

export interface SetWorkOptions {
  readonly compiler: Compiler
  readonly mirrors: Mirrors
  readonly committer: Committer
  readonly board: ProblemBoard
  readonly dirty: Dirty
  readonly store: SetStore
  readonly sealKey: Uint8Array | undefined
  /** Of a resource that is known by its bytes only. */
  readonly factsOf: (resource: Resource) => Facts
  /** Sites that are synced, and whether all that are known are. */
  readonly sites: () => { readonly synced: Iterable<string>; readonly areAll: boolean }
  /** Resolves once the fleet's large texts were read, in a thread of their own. */
  readonly prepare: (fleet: string) => Promise<void>
  /** True where one came since. */
  readonly isPending: (fleet: string) => boolean
}

export interface SetWork {
  /** Resolves once the set holds what it should. */
  work(set: SetName): Promise<void>
  /** The same for every set. */
  workAll(): Promise<void>
}

/** How often a fleet waits for its view within one job. */
const VIEW_TRIES = 5
const NO_CHANGE: SetChange = { put: [], remove: [] }
const UNCHANGED: Wanted = { change: NO_CHANGE, cause: '' }

export function createSetWork(options: SetWorkOptions): SetWork {
  const { compiler, mirrors, committer, board, dirty, store, sealKey, factsOf, sites } = options
  const restored = new Set<string>()
  const rollbacks = createRollbacks(store, mirrors)
  /** The mark of a fleet up to which it is committed. */
  const done = new Map<string, number>()

  const fleet = (name: string) => {
    const touched = untouched()
    const compiled = compiler.fleet(name, touched)
    dirty.mark(touched)
    return compiled
  }

  async function restoreAll(): Promise<void> {
    const due = compiler.fleets().filter((name) => !restored.has(name))
    if (due.length > 0) await Promise.all(due.map(restore))
  }
  /** What an earlier process knew to be good, before the fleet is read for the first time. */
  async function restore(name: string): Promise<void> {
    const [held, committed] = await Promise.all([
      mirrors.loaded(sourcesSet(name)),
      mirrors.loaded(fleetSet(name)),
      options.prepare(name),
    ])
    if (restored.has(name)) return
    restored.add(name)
    const good = readGood(name, held.entries, committed.entries, factsOf)
    if (good) compiler.restore(name, good)
  }

  async function workFleet(name: string): Promise<void> {
    const set = fleetSet(name)
    const mirror = await mirrors.loaded(set)
    let isDone = false
    for (let tries = 0; tries < VIEW_TRIES && !isDone; tries++) {
      await options.prepare(name)
      const compiled = fleet(name)
      isDone = compiled === undefined
      if (!compiled) break
      if (compiled.links.size > 0) await workMissing(compiled.view, compiled.links)
      await workGood(name)
      await workDirectory()
      await rollbacks.look(set, mirror)
      await committer.commit(set, mirror, () => {
        const wanted = wantedFleet(name, mirror)
        // The store was lost between the view's commit and this one: the view goes first again (design rule 2).
        isDone = wanted !== undefined
        return wanted
      })
    }
    if (!isDone) throw new Error(`${set}: others change it, or its view, again and again`)
    await workDirectory()
    await board.show(set, compiler.problems(set))
  }

  /**
   * As it is when it is asked for: an event may have come since the work began. Undefined while its view lacks a name that it
   * links to, nobody has looked who made the revision that it would replace, or a large text came that is not read yet.
   */
  function wantedFleet(name: string, mirror: Mirror): Wanted | undefined {
    const set = fleetSet(name)
    const mark = dirty.fleetMark(name)
    if (options.isPending(name)) return undefined
    const compiled = fleet(name)
    if (!compiled || done.get(name) === mark) return UNCHANGED
    const view = viewSet(compiled.view)
    if (missingIn(mirrors.of(view), compiled.links).length > 0) return undefined
    const needs = compiled.links.size > 0 ? { [view]: mirrors.of(view).head?.revision ?? 0 } : {}
    const change = diff(mirror.entries, compiled.entries)
    const rolledBack = isEmptyChange(change) ? 'none' : rollbacks.standing(set, mirror)
    if (rolledBack === 'unknown') return undefined
    // An operator went back to an earlier revision: that stands until what is compiled is not what he went back from.
    if (rolledBack !== 'none' && isEmptyChange(diff(rolledBack, compiled.entries))) return UNCHANGED
    const onCommitted = (head: SetHead): void => {
      done.set(name, mark)
      rollbacks.committed(set, head)
    }
    return { change, needs, cause: causeOf(change), onCommitted }
  }

  async function workGood(name: string): Promise<void> {
    const good = compiler.good(name)
    if (!good) return
    const wanted = [goodResource(name, good, sealKey), goodOrigins(name, good)]
    const mirror = await mirrors.loaded(sourcesSet(name))
    const entries = new Map(wanted.map((each) => [entryKey(each), each]))
    await commitChange(sourcesSet(name), mirror, () => diff(mirror.entries, entries))
  }

  /** Names that the view does not hold yet. */
  async function workMissing(id: ViewId, links: ReadonlySet<string>): Promise<void> {
    const mirror = await mirrors.loaded(viewSet(id))
    const missing = missingIn(mirror, links)
    if (missing.length === 0) return
    dirty.markView(id, new Set(missing))
    await workView(id)
  }

  async function workView(id: ViewId): Promise<void> {
    const set = viewSet(id)
    const mirror = await mirrors.loaded(set)
    let taken: Names | undefined
    try {
      await committer.commit(set, mirror, () => {
        taken = dirty.take(id, taken)
        return wantedView(id, taken, mirror)
      })
    } catch (error) {
      if (taken) dirty.markView(id, taken)
      throw error
    }
    await board.show(set, compiler.problems(set))
  }

  function wantedView(id: ViewId, names: Names | undefined, mirror: Mirror): Wanted {
    const view = compiler.view(id)
    // Nobody knows how this view is made: only a committed fleet names it, and it stays as it is.
    if (view && !view.settings) return UNCHANGED
    const put: Resource[] = []
    const remove: EntryKey[] = []
    for (const name of names === 'all' ? everyName(mirror, view?.names.keys() ?? []) : (names ?? [])) {
      const key = entryKey({ type: ENDPOINTS, name })
      const held = mirror.entries.get(key)
      const made = compiler.assignment(id, name)
      if (made === undefined) {
        if (held) remove.push(key)
        continue
      }
      if (held && !isLink(held) && held.version === made.version) continue
      // Looked at again with the view's next change, in case that fleet is never committed.
      if (held && isLeaving(id, name)) dirty.markView(id, new Set([name]))
      else put.push(made)
    }
    const change = { put, remove }
    return { change, cause: causeOf(change) }
  }

  function isLeaving(id: ViewId, name: string): boolean {
    const touched = untouched()
    const isSo = compiler.isLeaving(id, name, touched)
    dirty.mark(touched)
    return isSo
  }

  async function workDirectory(): Promise<void> {
    const mirror = await mirrors.loaded(DIRECTORY)
    const { synced, areAll } = sites()
    await commitChange(DIRECTORY, mirror, () => {
      const fleets = new Map(compiler.fleets().map((name) => [name, directoryFleet(name)]))
      const wanted = compileDirectory({ fleets, sites: synced, committed: mirror.entries, isComplete: areAll })
      return diff(mirror.entries, wanted)
    })
  }

  /** Leaves the store alone where there is nothing to change. */
  async function commitChange(set: SetName, mirror: Mirror, change: () => SetChange): Promise<void> {
    if (isEmptyChange(change())) return
    await committer.commit(set, mirror, () => {
      const now = change()
      return { change: now, cause: causeOf(now) }
    })
  }

  /** Both the views that it links to now and those that it is about to: an edge follows a view before the link comes. */
  function directoryFleet(name: string): DirectoryFleet | undefined {
    const entry = compiler.directoryEntry(name)
    if (!entry) return undefined
    const compiled = fleet(name)
    const views = new Set(compiled && compiled.links.size > 0 ? [compiled.view] : [])
    for (const held of mirrors.of(fleetSet(name)).linked) views.add(held.slice(viewSet('').length))
    return { ...entry, views: [...views].sort(byText), retired: false }
  }

  return {
    async work(set) {
      await restoreAll()
      const [kind, name = ''] = splitSet(set)
      if (kind === 'fleet') await workFleet(name)
      else if (kind === 'endpoints') await workView(name)
      else if (set === DIRECTORY) await workDirectory()
    },
    async workAll() {
      await restoreAll()
      for (const name of compiler.fleets()) await workFleet(name)
      for (const id of compiler.views()) await workView(id)
      await workDirectory()
    },
  }
}

const missingIn = (view: Mirror, links: ReadonlySet<string>): readonly string[] =>
  [...links].filter((name) => !view.entries.has(entryKey({ type: ENDPOINTS, name })))

/** `endpoints/abc` → `endpoints`, `abc`. */
export function splitSet(set: SetName): readonly [kind: string, name?: string] {
  const at = set.indexOf('/')
  return at < 0 ? [set] : [set.slice(0, at), set.slice(at + 1)]
}

const everyName = (mirror: Mirror, names: Iterable<string>): ReadonlySet<string> =>
  new Set([...names, ...[...mirror.entries.values()].map(({ name }) => name)])

const NAMES_TOLD = 3

/** For the set's history. */
function causeOf({ put, remove }: SetChange): string {
  const names = [...put.map(({ name }) => name), ...remove.map((key) => `without ${key.slice(key.indexOf('\n') + 1)}`)]
  const unique = [...new Set(names)]
  const more = unique.length > NAMES_TOLD ? ` and ${unique.length - NAMES_TOLD} more` : ''
  return unique.slice(0, NAMES_TOLD).join(', ') + more
}
