// Globs as users write them for names: `*` stands for any run of characters, everything else for itself.

/** True where the text matches one of the globs. */
export const matchesAny = (globs: readonly string[], text: string): boolean =>
  globs.some((glob) => matchesGlob(glob, text))

/** Linear in the text for each star: no input makes it slow, as a regular expression could be. */
export function matchesGlob(glob: string, text: string): boolean {
  const [head = '', ...rest] = glob.split('*')
  const tail = rest.pop()
  if (tail === undefined) return glob === text
  if (text.length < head.length + tail.length || !text.startsWith(head) || !text.endsWith(tail)) return false
  const end = text.length - tail.length
  let at = head.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}
