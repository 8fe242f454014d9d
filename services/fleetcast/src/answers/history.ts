// Answers about a fleet's revisions, from the store: history, diff, and the order to go back.
import type { EnvoyTypes } from '@fleetcast/shared/envoy/types'
import { fleetSet } from '@fleetcast/shared/store/directory'
import { rollbackCause } from '@fleetcast/shared/store/rollback'
import type { EntryKey, SetChange, SetStore } from '@fleetcast/shared/store/set-store'
import { type ContentChange, contentChanges } from './content-diff.ts'
import { type ChangeView, changeView } from './entry-view.ts'
import { differences, type Entries, entriesAt } from './revision.ts'

/** History is trimmed by the store; this bounds what one answer reads. */
const REVISIONS_MAX = 1000

export interface RevisionView {
  readonly revision: number
  readonly at: string
  readonly cause: string
  readonly changes: readonly ChangeView[]
}

/** Newest first; undefined where there is no such fleet. */
export async function historyOf(
  store: SetStore,
  fleet: string,
  limit: number,
): Promise<readonly RevisionView[] | undefined> {
  const set = fleetSet(fleet)
  const head = (await store.heads([set])).get(set)
  if (!head || head.revision === 0) return undefined
  const history = await store.history(set, Math.min(limit, REVISIONS_MAX))
  return history.map((entry) => ({
    revision: entry.revision,
    at: entry.at.toISOString(),
    cause: entry.cause,
    changes: entry.changes.map(changeView),
  }))
}

export interface ChangeInFull extends ChangeView {
  readonly content: readonly ContentChange[]
}

export interface DiffView {
  readonly fleet: string
  readonly from: number
  readonly to: number
  readonly changes: readonly ChangeInFull[]
}

export interface Span {
  readonly from?: number | undefined
  readonly to?: number | undefined
}

/** Undefined where there is no such fleet, or history does not hold one of the revisions. */
export async function diffOf(
  store: SetStore,
  fleet: string,
  span: Span,
  types: () => EnvoyTypes,
): Promise<DiffView | undefined> {
  const set = fleetSet(fleet)
  const contents = await store.load(set)
  const history = await store.history(set, REVISIONS_MAX)
  const to = span.to ?? contents.head.revision
  const from = span.from ?? to - 1
  const [before, after] = [from, to].map((revision) => entriesAt(contents, history, revision))
  if (!before || !after || contents.head.revision === 0) return undefined
  const changes = differences(before, after).map((each) => ({
    ...changeView(each),
    content: contentChanges(each.before, each.after, types()),
  }))
  return { fleet, from, to, changes }
}

export interface Rollback {
  readonly fleet: string
  readonly revision: number
  readonly as: number
  readonly changes: number
}

/** Commits the resources of an earlier revision as a new one. Undefined where history does not hold it. */
export async function rollBack(store: SetStore, fleet: string, revision: number): Promise<Rollback | undefined> {
  const set = fleetSet(fleet)
  const contents = await store.load(set)
  const target = entriesAt(contents, await store.history(set, REVISIONS_MAX), revision)
  if (!target || contents.head.revision === 0) return undefined
  const { generation, positions, needs, revision: base } = contents.head
  const change = changeTo(contents.entries, target)
  const cause = rollbackCause(revision)
  const result = await store.commit({ set, generation, base, positions, needs, change, cause })
  if (result.kind === 'conflict' || result.kind === 'stale') return rollBack(store, fleet, revision)
  if (result.kind === 'lost') return undefined
  return { fleet, revision, as: result.head.revision, changes: change.put.length + change.remove.length }
}

function changeTo(present: Entries, target: Entries): SetChange {
  const put = []
  const remove: EntryKey[] = []
  for (const { key, after } of differences(present, target)) {
    if (after) put.push(after)
    else remove.push(key)
  }
  return { put, remove }
}
