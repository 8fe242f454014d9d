// "Did you mean": the known name that is at most two edits away.

/** ` (did you mean "name"?)`, or nothing. */
export function suggest(word: string, names: readonly string[]): string {
  let best: { readonly name: string; readonly edits: number } | undefined
  for (const name of names) {
    if (Math.abs(name.length - word.length) > 2) continue
    const count = edits(word.toLowerCase(), name)
    if (count <= 2 && count < (best?.edits ?? 3)) best = { name, edits: count }
  }
  return best ? ` (did you mean "${best.name}"?)` : ''
}

/** Levenshtein's distance. */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, replaced))
    }
    row = next
  }
  return row[b.length] ?? 0
}
