// The set store of one process: the embedded form, and every test that is not about Redis. Entries are shared by
// reference and never changed in place. Followers hear of a commit before it resolves.
import { randomUUID } from 'node:crypto'
import type { Problem } from '../objects/problem.ts'
import { effective } from '../resources/diff.ts'
import { addToDigest, EMPTY_DIGEST, isEmptyChange, takeFromDigest } from '../resources/digest.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { createNodeBoard } from './node-board.ts'
import { isStale, leaveGenerations, type PastGenerations } from './positions.ts'
import {
  type CommitRequest,
  type CommitResult,
  type Entry,
  type EntryKey,
  entryKey,
  type HistoryEntry,
  type SetChange,
  type SetHead,
  type SetName,
  type SetNews,
  type SetStore,
  type StoreGeneration,
} from './set-store.ts'

export interface MemoryStoreOptions {
  readonly clock?: Clock
  /** Revisions of a set whose changes are kept. */
  readonly historyKept?: number
}

export interface MemoryStore extends SetStore {
  /** Loses everything, as an emptied Redis does. */
  forget(): void
}

interface StoredSet {
  head: SetHead
  past: PastGenerations
  entries: Map<EntryKey, Entry>
  /** Newest first. */
  history: HistoryEntry[]
}

interface Follower {
  readonly set: SetName
  readonly unsealed: boolean
  readonly onNews: (news: SetNews) => void
  /** The generation whose contents it was given. */
  generation: string | undefined
}

export function createMemoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const { clock = systemClock, historyKept = 200 } = options
  let generation: StoreGeneration | undefined
  const sets = new Map<SetName, StoredSet>()
  const problems = new Map<SetName, readonly Problem[]>()
  const followers = new Set<Follower>()
  const board = createNodeBoard(clock)
  const tell = createTeller()
  const closing = new AbortController()

  const setOf = (name: SetName): StoredSet =>
    sets.get(name) ?? { head: emptyHead(generation?.id ?? ''), past: {}, entries: new Map(), history: [] }
  /** Gives followers the set whole, where they may have it and have not had it in this generation. */
  const begin = (some: Iterable<Follower>): void => {
    const now = generation
    if (now === undefined) return
    const due = [...some].filter((f) => f.generation !== now.id && (now.sealed || f.unsealed))
    const tellings = due.map((follower) => {
      follower.generation = now.id
      const { head, entries } = setOf(follower.set)
      const contents = { head, entries: new Map(entries) }
      return () => follower.onNews({ kind: 'contents', contents })
    })
    tell(tellings)
  }
  const publish = (set: SetName, head: SetHead, change: SetChange): void => {
    const due = [...followers].filter((f) => f.set === set && f.generation === head.generation)
    tell(due.map((follower) => () => follower.onNews({ kind: 'change', head, change })))
  }
  const refusal = (set: StoredSet, request: CommitRequest): CommitResult | undefined => {
    if (request.generation !== generation?.id) return { kind: 'lost', generation: generation?.id }
    if (set.head.revision !== request.base) return { kind: 'conflict', head: set.head }
    return isStale(set.head.positions, set.past, request.positions) ? { kind: 'stale', head: set.head } : undefined
  }

  return {
    acceptsSecrets: true,
    async generation() {
      return generation
    },
    async createGeneration() {
      generation ??= { id: randomUUID().slice(0, 8), sealed: false }
      begin(followers)
      return generation
    },
    async seal(id) {
      if (generation?.id !== id) return false
      generation = { id, sealed: true }
      begin(followers)
      return true
    },
    async heads(names) {
      return new Map(names.map((name) => [name, setOf(name).head]))
    },
    async load(name) {
      const { head, entries } = setOf(name)
      return { head, entries: new Map(entries) }
    },
    async commit(request) {
      const set = setOf(request.set)
      const refused = refusal(set, request)
      if (refused) return refused
      const change = effective(set.entries, request.change)
      const next = advance(set, request, change, { at: new Date(clock.now()), historyKept })
      sets.set(request.set, next)
      if (!isEmptyChange(change)) publish(request.set, next.head, change)
      return { kind: 'committed', head: next.head }
    },
    follow(set, onNews, { signal, unsealed = false }) {
      const until = AbortSignal.any([signal, closing.signal])
      if (until.aborted) return
      const follower: Follower = {
        set,
        unsealed,
        generation: undefined,
        onNews: (news) => until.aborted || onNews(news),
      }
      queueMicrotask(() => {
        if (until.aborted) return
        followers.add(follower)
        begin([follower])
      })
      until.addEventListener('abort', () => followers.delete(follower), { once: true })
    },
    async history(set, limit) {
      return setOf(set).history.slice(0, limit)
    },
    async setProblems(set, found) {
      problems.set(set, found)
    },
    async problems(set) {
      return problems.get(set) ?? []
    },
    async putNodes(edge, nodes, ttlSeconds) {
      board.put(edge, nodes, ttlSeconds)
    },
    async nodes() {
      return board.all()
    },
    forget() {
      generation = undefined
      sets.clear()
      problems.clear()
      board.clear()
    },
    async close() {
      closing.abort()
    },
  }
}

const emptyHead = (generation: string): SetHead => ({
  generation,
  revision: 0,
  digest: EMPTY_DIGEST,
  positions: {},
  needs: {},
})

/** The set after a commit of `change`, which holds only what changes something. The entries change in place. */
function advance(
  set: StoredSet,
  request: CommitRequest,
  change: SetChange,
  { at, historyKept }: { readonly at: Date; readonly historyKept: number },
): StoredSet {
  const past = leaveGenerations(set.past, set.head.positions, request.positions)
  const { positions, needs = set.head.needs } = request
  if (isEmptyChange(change)) return { ...set, past, head: { ...set.head, positions, needs } }
  const keys = [...change.put.map(entryKey), ...change.remove]
  const replaced = keys.map((key) => set.entries.get(key)).filter((entry) => entry !== undefined)
  const digest = addToDigest(takeFromDigest(set.head.digest, replaced), change.put)
  const after = new Map(change.put.map((entry) => [entryKey(entry), entry]))
  const changes = keys.map((key) => {
    const [old, now] = [set.entries.get(key), after.get(key)]
    return { key, ...(old && { before: old }), ...(now && { after: now }) }
  })
  for (const key of change.remove) set.entries.delete(key)
  for (const [key, entry] of after) set.entries.set(key, entry)
  const revision = set.head.revision + 1
  const cause = (request.cause ?? '').slice(0, 200)
  return {
    head: { generation: request.generation, revision, digest, positions, needs },
    past,
    entries: set.entries,
    history: [{ revision, at, cause, changes }, ...set.history.slice(0, historyKept - 1)],
  }
}

type Telling = () => void

/** Tells in order, also when a listener commits: what that causes is told after all of what is being told. */
function createTeller(): (tellings: readonly Telling[]) => void {
  const waiting: Telling[] = []
  let isTelling = false
  return (tellings) => {
    waiting.push(...tellings)
    if (isTelling) return
    isTelling = true
    try {
      for (let next = waiting.shift(); next; next = waiting.shift()) next()
    } finally {
      isTelling = false
    }
  }
}
