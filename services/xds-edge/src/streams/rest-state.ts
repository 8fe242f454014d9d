// What a fleet's state is for a client without a stream: the present resources, and those removed less than `removeAfter`
// ago, because nobody says when the last reference to them is gone (rule 6 of the design). Pure but for its own memory.
import { createHash } from 'node:crypto'
import type { Resource } from '@fleetcast/shared/resources/resource'
import type { ResourceType } from '@fleetcast/shared/resources/types'
import type { FleetHistory } from '../sets/fleet-history.ts'

export interface RestState {
  readonly version: string
  readonly resources: readonly Resource[]
}

export interface RestTimes {
  /** Call after each change of the history. */
  note(history: FleetHistory, now: number): void
  /** The seq after which removals are not told yet. */
  removalsAt(history: FleetHistory, now: number): number
  /** Milliseconds since the history reached the seq; Infinity where that is longer ago than removals wait. */
  ageOf(history: FleetHistory, seq: number, now: number): number
}

/** Which seq a history had when. */
export function createRestTimes(): RestTimes {
  const marks = new WeakMap<FleetHistory, { seq: number; at: number }[]>()
  const aged = (history: FleetHistory, now: number): { seq: number; at: number }[] => {
    const all = marks.get(history) ?? []
    // The first mark is the newest one that is old enough.
    while (all[1] !== undefined && all[1].at <= now - history.removeAfterMs) all.shift()
    return all
  }
  return {
    note(history, now) {
      const all = aged(history, now)
      if (all.at(-1)?.seq !== history.seq) all.push({ seq: history.seq, at: now })
      marks.set(history, all)
    },
    removalsAt(history, now) {
      const [oldest] = aged(history, now)
      return oldest === undefined ? history.seq : oldest.seq
    },
    ageOf(history, seq, now) {
      const mark = aged(history, now).find((each) => each.seq >= seq)
      const age = mark === undefined ? Number.POSITIVE_INFINITY : now - mark.at
      return age < history.removeAfterMs ? age : Number.POSITIVE_INFINITY
    },
  }
}

/** Undefined where there is nothing to say: names that nobody has (rule 38), or nothing asked of a type without wildcard. */
export function restState(
  history: FleetHistory,
  type: Pick<ResourceType, 'url' | 'full' | 'wildcard'>,
  names: readonly string[],
  removalsAt: number,
): RestState | undefined {
  const present = history.type(type.url)
  const removed = new Map([...present.removedSince(removalsAt)].map(({ resource }) => [resource.name, resource]))
  const isWildcard = names.includes('*') || (names.length === 0 && type.wildcard)
  const found = isWildcard
    ? [...present.all(), ...removed.values()]
    : [...new Set(names)].map((name) => present.get(name) ?? removed.get(name)).filter((r) => r !== undefined)
  if (found.length === 0 && !type.full) return undefined
  if (isWildcard) return { version: present.version(removalsAt), resources: found }
  // Two aliases of one resource are one resource (rule 10).
  const resources = [...new Set(found)]
  return { version: hashOf(resources), resources }
}

function hashOf(resources: readonly Resource[]): string {
  const hash = createHash('sha256')
  for (const { name, version } of resources) hash.update(`${name}\n${version}\n`)
  return hash.digest('hex').slice(0, 16)
}
