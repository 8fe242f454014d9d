// Several queries of one kind as one: an object is there while any query has it, and the first query that has it decides its
// form. No object is gone before every query's list was complete.
import type { KubeObject, ObjectChange, ObjectKey } from '@fleetcast/shared/objects/object'

export interface UnionSink {
  listed(objects: ReadonlyMap<ObjectKey, KubeObject>): void
  changed(changes: readonly ObjectChange[]): void
}

export interface Part {
  listed(objects: ReadonlyMap<ObjectKey, KubeObject>): void
  changed(change: ObjectChange): void
}

export function createUnion(count: number, sink: UnionSink): readonly Part[] {
  // The common case keeps no second copy of the world.
  if (count === 1) return [{ listed: (objects) => sink.listed(objects), changed: (change) => sink.changed([change]) }]
  const parts: (Map<ObjectKey, KubeObject> | undefined)[] = Array.from({ length: count }, () => undefined)
  const isComplete = (): boolean => parts.every((part) => part !== undefined)
  const find = (key: ObjectKey): KubeObject | undefined => parts.find((part) => part?.has(key))?.get(key)
  return parts.map((_, at) => ({
    listed(objects) {
      parts[at] = new Map(objects)
      if (!isComplete()) return
      const all = new Map<ObjectKey, KubeObject>()
      for (const part of parts.toReversed()) for (const [key, object] of part ?? []) all.set(key, object)
      sink.listed(all)
    },
    changed({ key, object }) {
      if (object) parts[at]?.set(key, object)
      else parts[at]?.delete(key)
      if (isComplete()) sink.changed([{ key, object: find(key) }])
    },
  }))
}
