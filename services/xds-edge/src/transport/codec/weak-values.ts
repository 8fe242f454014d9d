// Tables of values that nobody has to keep for their sake.

/** Before one more is set, where `max` are there: drops what is gone, and all where nothing is. */
export function makeRoom<K>(values: Map<K, WeakRef<WeakKey>>, max: number): void {
  if (values.size < max) return
  for (const [key, value] of values) if (value.deref() === undefined) values.delete(key)
  if (values.size >= max) values.clear()
}
