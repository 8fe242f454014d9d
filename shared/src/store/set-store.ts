// The set store: where publishers leave versioned sets of resources and edges find them. The doc comments are the
// contract; set-store.contract.ts tests each on every adapter.
import type { Position } from '../log/object-log.ts'
import type { Problem } from '../objects/problem.ts'
import type { Resource, TypeUrl } from '../resources/resource.ts'

/** `fleet/<name>`, `endpoints/<view>` or `directory`. */
export type SetName = string

/** A place in every site's log, by site: what a set was compiled from. */
export type Positions = Readonly<Record<string, Position>>

/** Names a resource of a view in place of one: the edge serves the view's resource of the same type and name. */
export interface Link {
  readonly type: TypeUrl
  readonly name: string
  /** The set that holds it, `endpoints/<view>`. */
  readonly link: SetName
}

export type Entry = Resource | Link
export const isLink = (entry: Entry): entry is Link => 'link' in entry

/** `type` + newline + `name`. */
export type EntryKey = string
export const entryKey = (e: { readonly type: TypeUrl; readonly name: string }): EntryKey => `${e.type}\n${e.name}`

export interface SetHead {
  /** The life of the store: new when it was lost. */
  readonly generation: string
  /** Number of commits that changed something, from 1; 0 for a set that was never committed. */
  readonly revision: number
  /** Sum over the hashes of all entries: equal content, equal digest. 32 hexadecimal digits. */
  readonly digest: string
  readonly positions: Positions
  /** Revisions of other sets that must be there before this one may be used. */
  readonly needs: Readonly<Record<SetName, number>>
}

export interface SetChange {
  readonly put: readonly Entry[]
  readonly remove: readonly EntryKey[]
}

export interface SetContents {
  readonly head: SetHead
  readonly entries: ReadonlyMap<EntryKey, Entry>
  /** Entries that are there but can't be read (damaged, sealed with another key): what was known of them stays. */
  readonly unreadable?: ReadonlySet<EntryKey>
}

export interface CommitRequest {
  readonly set: SetName
  /** The generation it was compiled for. */
  readonly generation: string
  /** The revision that `change` was computed against. */
  readonly base: number
  readonly positions: Positions
  readonly needs?: Readonly<Record<SetName, number>>
  /** Empty: only the positions advance, without a new revision or a message. */
  readonly change: SetChange
  /** Who or what caused it, for history: at most 200 characters. */
  readonly cause?: string
}

export type CommitResult =
  | { readonly kind: 'committed'; readonly head: SetHead }
  /** Another commit came first: `head` is the present one. Nothing was written. */
  | { readonly kind: 'conflict'; readonly head: SetHead }
  /** The present head was compiled from a newer world at some site. Catch up first. Nothing was written. */
  | { readonly kind: 'stale'; readonly head: SetHead }
  /** The store has another generation now. Nothing was written. */
  | { readonly kind: 'lost'; readonly generation: string | undefined }

/** `contents`: whole, first and after every loss or new generation. `change`: the next revision after the last news. */
export type SetNews =
  | { readonly kind: 'contents'; readonly contents: SetContents }
  | { readonly kind: 'change'; readonly head: SetHead; readonly change: SetChange }

export interface HistoryEntry {
  readonly revision: number
  readonly at: Date
  readonly cause: string
  /** What the commit put or removed, with what stood there before (undefined: nothing). Newest entry first. */
  readonly changes: readonly { readonly key: EntryKey; readonly before?: Entry; readonly after?: Entry }[]
}

export interface StoreGeneration {
  readonly id: string
  /** Sealed: every set that edges need is committed; edges may move to it. */
  readonly sealed: boolean
}

export interface SetStore {
  /** False where a sensitive resource could not be kept sealed: whoever commits leaves them out and says so as a problem. */
  readonly acceptsSecrets: boolean

  /** The present generation; undefined in a store that was never used or was lost. */
  generation(): Promise<StoreGeneration | undefined>
  /** Makes a generation, unsealed, unless there is one. Returns the one that is there afterwards. */
  createGeneration(): Promise<StoreGeneration>
  /** Seals the generation. False when the store has another one now. */
  seal(generation: string): Promise<boolean>

  /** The head of each set, as one read; a set that was never committed has revision 0. */
  heads(sets: readonly SetName[]): Promise<ReadonlyMap<SetName, SetHead>>

  /** The set whole, as of one revision. */
  load(set: SetName): Promise<SetContents>

  /**
   * Compare-and-swap: all of it becomes visible at once, or none. Refused unless the base is the present revision, the generation
   * the present one, and `positions` is at least the head's at every site (sites of another log generation count as newer; a site
   * that the head has and the request lacks is stale). A put of an equal version and a removal of nothing change nothing; a commit that
   * changes nothing advances the positions only. Publishes the change once it is visible.
   */
  commit(request: CommitRequest): Promise<CommitResult>

  /**
   * The set's news until the signal aborts: `contents` once the store has a sealed generation (`unsealed: true`: any generation), then
   * changes without a gap, in order, never back. Lost messages are found by comparing heads at every reconnect and every 3 s ± 20 %.
   * A set that does not exist is contents with revision 0. `onNews` is called synchronously in order and must not throw.
   * News of a new generation comes as `contents`. Failures behind it are retried with back-off and never thrown.
   */
  follow(set: SetName, onNews: (news: SetNews) => void, options: FollowOptions): void

  /** Newest first, at most `limit`. */
  history(set: SetName, limit: number): Promise<readonly HistoryEntry[]>

  /** Replaces what is known to be wrong with the set's input, or reads it. Not a part of its content or revision. */
  setProblems(set: SetName, problems: readonly Problem[]): Promise<void>
  problems(set: SetName): Promise<readonly Problem[]>

  /** Short-lived facts of nodes, written by edges in one batch: gone `ttlSeconds` after the last write. */
  putNodes(edge: string, nodes: readonly NodeStatus[], ttlSeconds: number): Promise<void>
  nodes(): Promise<readonly NodeStatus[]>

  close(): Promise<void>
}

export interface FollowOptions {
  readonly signal: AbortSignal
  readonly unsealed?: boolean
}

/** What an edge knows of one node (an Envoy and its streams). */
export interface NodeStatus {
  readonly id: string
  readonly cluster: string
  /** Undefined while no fleet matches: the stream is held. */
  readonly fleet?: string
  readonly edge: string
  readonly address: string
  readonly connectedAt: string
  readonly userAgent?: string
  /** By the type's short name. `error` is the text of the last NACK while it stands. */
  readonly types: Readonly<
    Record<
      string,
      { readonly version: string; readonly acked: boolean; readonly revision: number; readonly error?: string }
    >
  >
}
