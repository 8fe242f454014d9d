// A regular expression for RE2, judged by JavaScript's engine, which is close to it and not equal: what RE2 has not is
// looked for first, what JavaScript has not is rewritten, the rest is compiled. It is never run on anything.
import type { Check } from './check.ts'

/** What is wrong with a regular expression; undefined where RE2 should take it. */
export function regexProblem(regex: string): string | undefined {
  const plain = regex.replace(/\\Q.*?(\\E|$)/gs, 'q')
  if (/\(\?(=|!|<=|<!)/.test(unescaped(plain))) return 'RE2 has no look-around'
  if (/\(\?(>|#|\()/.test(unescaped(plain))) return 'RE2 has no such group'
  if (/\\[1-9k]/.test(withoutPairs(plain))) return 'RE2 has no back-references'
  const letter = /\\([a-zA-Z])/.exec(withoutPairs(plain))?.[1]
  if (letter !== undefined && !'aftnrvdDsSwWbBAzCpPx'.includes(letter)) return `RE2 has no escape "\\${letter}"`
  const count = /\{(\d+)(?:,(\d*))?\}/g
  for (const [, from, to] of unescaped(plain).matchAll(count)) {
    if (Number(from) > 1000 || Number(to || 0) > 1000) return 'RE2 repeats at most 1000 times'
  }
  try {
    RegExp(forJavaScript(plain))
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : String(error)
  }
}

/** Without escaped backslashes, so that what follows one is no escape. */
const withoutPairs = (regex: string) => regex.replaceAll('\\\\', '..')
/** Without any escape: a bracket in it is one that means something. */
const unescaped = (regex: string) => withoutPairs(regex).replace(/\\./gs, '..')

/** Flags in front, named groups and POSIX classes, in the spelling of JavaScript. */
function forJavaScript(regex: string): string {
  return regex
    .replace(/\(\?P</g, '(?<')
    .replace(/\(\?[imsU-]+\)/g, '')
    .replace(/\(\?[imsU-]+:/g, '(?:')
    .replace(/\[:\^?\w+:\]/g, 'a-z')
}

export const checkRegex: Check = ({ regex }, c) => {
  if (typeof regex !== 'string') return
  const wrong = regexProblem(regex)
  if (wrong !== undefined) c.error('regex', `the regular expression is wrong: ${wrong}`)
}
