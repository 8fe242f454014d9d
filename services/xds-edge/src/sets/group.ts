// The streams that want the same of one type of one fleet. They are told of a change together, and what one of them is
// sent is remembered for the others that make the same step. Never knows a stream but as a member to be told.
import type { Subscription } from './subscription.ts'

/** One type on one stream, as far as a fleet's history knows it. */
export interface Member {
  /** The state it was sent, and how far it was told of removals: what the history must not forget. */
  readonly at: number
  readonly removalsAt: number
  /** Called after each change that touches its subscription. May call back into the history to read or to leave. */
  readonly advanced: (member: Member) => void
}

/** Seqs of recent changes that a group remembers, so that streams in step have one place in common. */
const TOUCHES_MAX = 64
/** Steps remembered per group: from a few places to the present. */
const STEPS_MAX = 16

export interface Group {
  readonly subscription: Subscription
  readonly members: Set<Member>
  /** Seqs at which something of the subscription changed, ascending, newest last; the first is where the group began. */
  readonly touches: number[]
  lastTouch: number
  lastRemoval: number
  /** Steps to the present; forgotten at the next touch. */
  readonly steps: KnownStep[]
}

/** From where a step goes to the present; `kind` tells steps apart that go from the same place, and so does what clients came with. */
export interface StepKey {
  readonly kind: number
  readonly held: string | undefined
  readonly from: number
  readonly removalsFrom: number
  readonly removalsTo: number
}

interface KnownStep {
  readonly key: StepKey
  readonly made: unknown
}

export const createGroup = (subscription: Subscription, seq: number): Group => ({
  subscription,
  members: new Set(),
  touches: [seq],
  lastTouch: seq,
  // What was removed before nobody here was sent: with 0 the first full state of SotW would hold it.
  lastRemoval: seq,
  steps: [],
})

export function touch(group: Group, seq: number, isRemoval: boolean): void {
  if (isRemoval) group.lastRemoval = seq
  if (group.lastTouch === seq) return
  if (group.touches.length >= TOUCHES_MAX) group.touches.splice(0, TOUCHES_MAX / 2)
  group.touches.push(seq)
  group.lastTouch = seq
  group.steps.length = 0
}

/** Begins anew at `seq`, where the only member stands: its subscription is another one now. */
export function restart(group: Group, seq: number): void {
  group.touches.splice(0, group.touches.length, seq)
  group.lastTouch = seq
  group.steps.length = 0
}

/** The last touch at or before `seq`: the place that all members share who stand between two touches. */
export function placeAt(group: Group, seq: number): number {
  for (let i = group.touches.length - 1; i >= 0; i--) {
    const found = group.touches[i]
    if (found !== undefined && found <= seq) return found
  }
  return seq
}

/** The first touch after `seq`; Infinity when there is none. */
export function nextTouch(group: Group, seq: number): number {
  if (group.lastTouch <= seq) return Number.POSITIVE_INFINITY
  let next = group.lastTouch
  for (let i = group.touches.length - 1; i >= 0; i--) {
    const found = group.touches[i]
    if (found === undefined || found <= seq) return next
    next = found
  }
  // Older touches are forgotten: the next one may have been right after `seq`.
  return seq + 1
}

/** The remembered step, or the one made now. */
export function stepOnce<T>(group: Group, key: StepKey, make: () => T): T {
  // A key says what kind of step it is, so the type of what is found is the type that was put there.
  for (const known of group.steps) if (isSame(known.key, key)) return known.made as T
  const made = make()
  if (group.steps.length >= STEPS_MAX) group.steps.length = 0
  group.steps.push({ key, made })
  return made
}

const isSame = (a: StepKey, b: StepKey): boolean =>
  a.from === b.from &&
  a.removalsTo === b.removalsTo &&
  a.removalsFrom === b.removalsFrom &&
  a.kind === b.kind &&
  a.held === b.held
