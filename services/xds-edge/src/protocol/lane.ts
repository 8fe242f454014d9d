// One type on one stream: where the client stands, in numbers. A lane in step with its fleet holds positions and a
// shared subscription; everything per resource lives in `own`, and only while it is needed.
import type { Resource, Version } from '@fleetcast/shared/resources/resource'
import type { ResourceType } from '@fleetcast/shared/resources/types'
import { type Group, type Member, nextTouch } from '../sets/group.ts'
import { isCovered, type Subscription } from '../sets/subscription.ts'
import type { TypeHistory } from '../sets/type-history.ts'
import type { HeldVersions, Response } from './messages.ts'
import type { StreamState } from './stream-state.ts'

/** From one state to another: what is sent for it. Shared by all lanes that make the same one. */
export interface Step {
  /** One response, or the parts of a large one. Empty: there is nothing to say. */
  readonly parts: readonly Response[]
  /** Assignments of clusters that the step adds or changes: to be sent after it (rule 73). */
  readonly endpoints: readonly string[]
  /** Clusters that it adds and that take endpoints: routes wait for these (rule 71). */
  readonly added: readonly Resource[]
  /** Made for one lane alone: it may answer names that were asked for, which no position tells. */
  readonly isOwn: boolean
}

/** Something that a client holds, as far as is known. */
export interface Holding {
  /** For unions. Undefined where only the client knows. */
  readonly body: Resource | undefined
  /** It holds this very version. */
  readonly isExact: boolean
}

/** What sets a lane apart from others with its subscription. */
export interface Own {
  /** Names to be answered in any case: asked for anew (rules 26 and 46) or no longer asked for beside a wildcard (rule 54). */
  readonly asked: Set<string>
  /** Names to be sent if they exist, whatever the positions say. */
  readonly due: Set<string>
  /** What the client may hold and is to be told to drop. */
  readonly owed: Map<string, Holding>
  /** Everything subscribed is to be sent: the first answer. */
  whole: boolean
  /** What the client says it holds (rule 48); until the first answer. */
  held: HeldVersions | undefined
  /** The history's seq when the last of `owed` came. */
  owedAt: number
}

export interface Lane extends Member {
  readonly stream: StreamState
  readonly type: ResourceType
  /** Undefined until the stream has a fleet. */
  history: TypeHistory | undefined
  group: Group | undefined
  subscription: Subscription
  /** A name was seen on the lane: from then on an empty list means nothing (rules 27 and 50). */
  named: boolean
  /** Of the names of the last request, in the state of the world. */
  namesKey: string | undefined
  /** The state that the client was sent, or needs no message to be in. */
  at: number
  /** Removals up to here were told; after it the client stands on the union of then and `at`. */
  removalsAt: number
  /** Everything up to here was answered by the client, by ACK or NACK; -1 before the first answer. */
  answeredAt: number
  /** What is being sent, while it is not answered. */
  step: Step | undefined
  /** Where the lane stands once the step is answered. */
  stepTo: number
  /** Index of the part that was sent last. */
  part: number
  /** Of the last response; empty before the first. */
  nonce: string
  /** Of the last response: what a heartbeat repeats (rule 83). */
  version: Version
  /** One response at a time is outstanding (rule 7 of the design). */
  isAwaiting: boolean
  own: Own | undefined
  /** Names that the client refused and has accepted nothing newer of; `all` for a refused full state. */
  refused: Set<string> | 'all' | undefined
  /** The state of the last response that was refused. */
  refusedAt: number
  /** What something that is to be sent waits for: another lane's turn, or leave to remove. */
  waitsFor: 'nothing' | 'order' | 'removal'
  /** Sum of the positions of the last shared response: a nonce made of positions is used once (rule 12). */
  sharedMark: number
  /** The time of the heartbeat that is timed (rule 83); 0 where none is. */
  beatMs: number
}

export function createLane(
  stream: StreamState,
  type: ResourceType,
  subscription: Subscription,
  advanced: (lane: Member) => void,
): Lane {
  return {
    stream,
    type,
    history: undefined,
    group: undefined,
    subscription,
    named: false,
    namesKey: undefined,
    at: 0,
    removalsAt: 0,
    answeredAt: -1,
    step: undefined,
    stepTo: 0,
    part: 0,
    nonce: '',
    version: '',
    isAwaiting: false,
    own: undefined,
    refused: undefined,
    refusedAt: -1,
    waitsFor: 'nothing',
    sharedMark: -1,
    beatMs: 0,
    advanced,
  }
}

export function ownOf(lane: Lane): Own {
  lane.own ??= {
    asked: new Set(),
    due: new Set(),
    owed: new Map(),
    whole: false,
    held: undefined,
    owedAt: 0,
  }
  return lane.own
}

/** Something that exists now was not sent yet. */
export function isBehind(lane: Lane): boolean {
  const { own, group, step } = lane
  if (group === undefined) return false
  if (own !== undefined && (own.whole || own.due.size > 0)) return true
  return lane.at < group.lastTouch || (step !== undefined && lane.part < step.parts.length - 1)
}

/** Up to which seq the client has everything of its subscription and said so, by ACK or NACK. */
export function answeredThrough(lane: Lane): number {
  const { own, group } = lane
  if (group === undefined) return Number.POSITIVE_INFINITY
  if (lane.isAwaiting || lane.step !== undefined) return lane.answeredAt
  if (own !== undefined && (own.whole || own.due.size > 0)) return lane.answeredAt
  return nextTouch(group, lane.at) - 1
}

/** True while the client stands on less than it was sent because it refused it. Forgets what no longer stands. */
export function hasRefused(lane: Lane): boolean {
  const { refused, history } = lane
  if (refused === undefined || history === undefined) return false
  if (refused === 'all') return true
  for (const name of refused) {
    const present = history.get(name)
    // Removed or no longer wanted. What was corrected counts as refused until the correction is accepted.
    if (present === undefined || !isCovered(lane.subscription, present)) refused.delete(name)
  }
  if (refused.size === 0) lane.refused = undefined
  return refused.size > 0
}

/** True while the client may hold things that are gone. */
export function owesRemovals(lane: Lane): boolean {
  return lane.group !== undefined && (lane.removalsAt < lane.group.lastRemoval || (lane.own?.owed.size ?? 0) > 0)
}

/** Has these sent even though the positions say that the client has them; nothing after `answeredAt` counts as answered until then. */
export function addDue(lane: Lane, names: Iterable<string>, answeredAt: number): void {
  if (answeredThrough(lane) > answeredAt) lane.answeredAt = answeredAt
  const { due } = ownOf(lane)
  for (const name of names) due.add(name)
}

/** As if the client held these at no version: sent again if they exist, told as removed if they do not. */
export function holdOutdated(held: HeldVersions, names: Iterable<string>): HeldVersions {
  let versions: Map<string, Version> | undefined
  for (const name of names) {
    if (!held.versions.has(name)) continue
    // A copy: others may hold the same map.
    versions ??= new Map(held.versions)
    versions.set(name, '')
  }
  return versions === undefined ? held : { versions, key: undefined }
}
