// Whether two cut-down values are equal. A status write ends here, so it runs for every event and allocates nothing.

/** Plain JSON values only: no cycles, dates or classes. The order of keys means nothing, that of lists does. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && sameList(a, b)
  const left = a as Record<string, unknown>
  const right = b as Record<string, unknown>
  let count = 0
  for (const key in left) {
    count++
    if (!Object.hasOwn(right, key) || !sameValue(left[key], right[key])) return false
  }
  for (const _ in right) count--
  return count === 0
}

function sameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (!sameValue(a[at], b[at])) return false
  return true
}
