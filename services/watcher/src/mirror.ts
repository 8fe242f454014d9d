// What the source says now beside what the log holds, and the keys in which they differ: latest per key, so a slow log finds
// less work waiting, never more. No I/O; the writer moves changes from here to the log.
import type { Kind, KubeObject, ObjectChange, ObjectKey } from '@fleetcast/shared/objects/object'
import { sameValue } from '@fleetcast/shared/objects/same-value'
import type { CompleteList } from './source/source.ts'

export interface Mirror {
  /** Takes a complete list: what it lacks of its kinds is gone. Returns how many objects differ from before. */
  list(list: CompleteList): number
  /** Takes changes in their order. Equal content is dropped and the old value kept, so that identity means no change. */
  change(changes: readonly ObjectChange[]): number
  /** At most `limit` changes that the log lacks, each key once. They are under way until `settle` or `restart`. */
  take(limit: number): readonly ObjectChange[]
  /** The log has them now. */
  settle(changes: readonly ObjectChange[]): void
  /** The log holds exactly this: all that differs waits again. */
  restart(objects: ReadonlyMap<ObjectKey, KubeObject>): void
  /** True while something waits for `take`. */
  waiting(): boolean
  counts(): Readonly<Partial<Record<Kind, number>>>
}

/** `objects`: what the log holds at the start; taken for the source's state until its lists say otherwise. */
export function createMirror(objects: ReadonlyMap<ObjectKey, KubeObject>): Mirror {
  const wanted = new Map(objects)
  let written = new Map(objects)
  const waiting = new Set<ObjectKey>()

  const put = ({ key, object }: ObjectChange): boolean => {
    if (sameValue(wanted.get(key), object)) return false
    if (object === undefined) wanted.delete(key)
    else wanted.set(key, object)
    waiting.add(key)
    return true
  }
  const countIf = (changes: Iterable<ObjectChange>): number => {
    let count = 0
    for (const change of changes) if (put(change)) count++
    return count
  }

  return {
    list({ kinds, objects, keeps }) {
      const listed = new Set<string>(kinds)
      const gone: ObjectChange[] = []
      for (const [key, { kind }] of wanted) {
        if (listed.has(kind) && !objects.has(key) && !keeps?.(key)) gone.push({ key, object: undefined })
      }
      const there = [...objects].map(([key, object]): ObjectChange => ({ key, object }))
      return countIf(there) + countIf(gone)
    },
    change: countIf,
    take(limit) {
      const changes: ObjectChange[] = []
      for (const key of waiting) {
        if (changes.length >= limit) break
        waiting.delete(key)
        const object = wanted.get(key)
        // There and back while an append was under way is no change.
        if (!sameValue(object, written.get(key))) changes.push({ key, object })
      }
      return changes
    },
    settle(changes) {
      for (const { key, object } of changes) {
        if (object === undefined) written.delete(key)
        else written.set(key, object)
      }
    },
    restart(objects) {
      written = new Map(objects)
      for (const key of wanted.keys()) waiting.add(key)
      for (const key of written.keys()) waiting.add(key)
    },
    waiting: () => waiting.size > 0,
    counts() {
      const counts: Partial<Record<Kind, number>> = {}
      for (const { kind } of wanted.values()) counts[kind] = (counts[kind] ?? 0) + 1
      return counts
    },
  }
}
