// The port of what objects come from: a folder, an API server. A source runs while its watcher leads, tells what it sees in
// order, and never throws for what it reads: what is wrong becomes problems, what is away is waited for.
import type { Kind, KubeObject, ObjectChange, ObjectKey } from '@fleetcast/shared/objects/object'
import type { Problem } from '@fleetcast/shared/objects/problem'

/** The whole state of some kinds, from a list that completed. The only thing, beside a delete event, that removes objects (rule 2). */
export interface CompleteList {
  readonly kinds: readonly Kind[]
  readonly objects: ReadonlyMap<ObjectKey, KubeObject>
  /** True for objects that are there but can't be read at present: their last good form stays. */
  readonly keeps?: (key: ObjectKey) => boolean
}

/** Where a source puts what it sees. Calls are synchronous and cheap, and never throw. */
export interface Sink {
  listed(list: CompleteList): void
  /** Only after the first list of the kind, in the order in which things happened. */
  changed(changes: readonly ObjectChange[]): void
  /** All problems with one thing (a file, an object, a kind): they replace those told of it before; an empty list clears. */
  problems(about: string, problems: readonly Problem[]): void
  /** Why the source can't be read at present, for people; undefined once it can. */
  waiting(about: string, reason: string | undefined): void
}

export interface Source {
  /** What stands in logs: the folder, the address of the API server. */
  readonly name: string
  readonly kinds: readonly Kind[]
  /** Tells the sink until the signal aborts, then resolves, and tells nothing more. */
  run(sink: Sink, signal: AbortSignal): Promise<void>
}
