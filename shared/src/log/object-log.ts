// The object log: the compacted, ordered record of one site's objects. The watcher that leads the site writes it,
// publishers follow it. The doc comments are the contract; object-log.contract.ts tests each on every adapter.
import type { KubeObject, ObjectChange, ObjectKey } from '../objects/object.ts'
import type { Problem } from '../objects/problem.ts'

/**
 * A place in a site's log. Positions of different generations can't be compared: a generation is the life of a log,
 * new when it was lost. `n` counts appended batches from 0 (nothing appended) without a gap.
 */
export interface Position {
  readonly generation: string
  readonly n: number
}

export interface LogState {
  readonly position: Position
  readonly objects: ReadonlyMap<ObjectKey, KubeObject>
  /** True once the first complete list of every kind was in. False while there are `problems`: see there. */
  readonly synced: boolean
  /** Objects that are there but can't be read (sealed with another key, damaged), and so are missing in `objects`. */
  readonly problems?: readonly Problem[]
}

/** What one append wrote, seen whole. `position` is the position after it. */
export interface LogEvent {
  readonly position: Position
  readonly changes: readonly ObjectChange[]
  /** Set by the append that marked the site synced. */
  readonly synced?: true
  /** Too large to carry its changes. Only claimers meet one, and ring for every set; followers get a `state`. */
  readonly isLarge?: true
  /** Changes that can't be read: their objects stay as they were known. */
  readonly problems?: readonly Problem[]
}

/** What a follower hears. `state` comes first and after every loss (gap, other generation); then events without a gap. */
export type LogNews =
  | { readonly kind: 'state'; readonly state: LogState }
  | { readonly kind: 'event'; readonly event: LogEvent }

export type AppendResult =
  | { readonly kind: 'appended'; readonly position: Position }
  /** Another leader has a higher epoch. The caller must stop. Nothing was written. */
  | { readonly kind: 'deposed' }
  /** The log is not the one this leader wrote: other generation or length. Read, diff and append again. */
  | { readonly kind: 'lost' }

export interface AppendRequest {
  readonly site: string
  readonly epoch: number
  /** The position of this leader's last append (or read): a log that was lost or cut meanwhile is told by it. */
  readonly base: Position
  readonly changes: readonly ObjectChange[]
  /** Marks the site synced with this append. */
  readonly synced?: true
}

export interface ObjectLog {
  /** False where a Secret could not be kept sealed: whoever appends leaves Secrets out and says so as a problem. */
  readonly acceptsSecrets: boolean

  /**
   * A new epoch for the site, higher than every earlier one of this log, also after the Lease was deleted.
   * Creates the log (a new generation, empty, not synced) where there is none.
   */
  elect(site: string): Promise<number>

  /**
   * Appends all changes or none, as one event with the next `n`. Changes hold each key at most once. Without changes and
   * without `synced` it is a heartbeat.
   */
  append(request: AppendRequest): Promise<AppendResult>

  /** As an append without changes that leaves no event: tells whether this leader still leads an undamaged log. */
  heartbeat(site: string, epoch: number, position: Position): Promise<AppendResult>

  /** Starts a new generation, empty and not synced; for a leader whose log was `lost`. */
  renew(site: string, epoch: number): Promise<AppendResult>

  /** The present state, whole: no half append is seen. Undefined where the site has no log. */
  read(site: string): Promise<LogState | undefined>

  /**
   * The state, then every later event, in order and without a gap, until the signal aborts. When events were missed
   * (trimmed, lost, generation changed) a new `state` says so. Waits for a site that has no log yet, and goes on through
   * failures of what is behind it with back-off; never throws for them.
   */
  follow(site: string, signal: AbortSignal): AsyncIterable<LogNews>

  /** Sites that have a log. */
  sites(): Promise<readonly string[]>

  /**
   * Hands each event of the site, from the beginning of its generation, to one of all claimers, at least once: an event whose claimer does not settle it within
   * `claimTimeoutMs` (adapter's setting) is handed to another. `handle` gets the positions claimed (a batch, ascending) and settles
   * them by resolving. For ringing the sets that an event touches. Runs until the signal aborts.
   */
  claim(site: string, handle: (events: readonly LogEvent[]) => Promise<void>, signal: AbortSignal): Promise<void>

  /** Ends connections. Follows and claims end. */
  close(): Promise<void>
}
