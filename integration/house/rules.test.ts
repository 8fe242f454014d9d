// Every numbered rule has a test that names it: those of ARCHITECTURE.md as "rule n", those of the protocol's RULES.md too.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root, type SourceFile, sources } from './sources.ts'

const PROTOCOL = 'services/xds-edge/src/protocol/RULES.md'
const KNOWN_BUGS = 'services/xds-edge/src/protocol/known-bugs.test.ts'

const read = (path: string): string => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '')

/** The numbers that begin a line of a list, or stand in the first cell of a table's row. */
function numbersOf(text: string): readonly number[] {
  const found = [...text.matchAll(/^(?:\|\s*)?(\d{1,3})(?:\.|\s*\|)/gm)].map((m) => Number(m[1]))
  return [...new Set(found)].sort((a, b) => a - b)
}

const MENTION = /(?:\b(design|xDS)\s+)?\brules?\s+((?:\d+(?:\s*(?:-|–|to|,|and|;)\s*)?)+)/gi

type Scope = 'design' | 'protocol'

/** Names of tests count, comments do not: those speak of what they only touch. */
const withoutComments = (text: string): string => text.replace(/^\s*(\/\/|\/?\*).*$/gm, '')

/**
 * Numbers named in a test, after the word rule or rules: "rule 6", "rules 25, 27 and 30-33". The design has ten; larger ones
 * are the protocol's. The tests of the protocol's own folder mean its rules, others the design's, unless they say "design rule 6"
 * or "xDS rule 4".
 */
function namedIn(files: readonly SourceFile[], scope: Scope): ReadonlySet<number> {
  const named = new Set<number>()
  for (const { path, text } of files) {
    for (const [, said, list = ''] of withoutComments(text).matchAll(MENTION)) {
      const isProtocol = said === 'xDS' || (said === undefined && path.includes('/protocol/'))
      for (const [, from = '', to = from] of list.matchAll(/(\d+)(?:\s*(?:-|–|to)\s*(\d+))?/g)) {
        for (let n = Number(from); n <= Number(to); n++)
          if ((isProtocol || n > DESIGN.length) === (scope === 'protocol')) named.add(n)
      }
    }
  }
  return named
}

const isTest = (f: SourceFile): boolean => f.path.endsWith('.test.ts') || f.kind === 'contract'
const house = (f: SourceFile): boolean => f.path.startsWith('integration/house/rules')

const threadsIn = (text: string): readonly string[] => [...text.matchAll(/#\d+/g)].map(String)
const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1)
const DESIGN = upTo(10)
const tests = sources.filter((f) => isTest(f) && !house(f))

describe('numbered rules', () => {
  test('of the design', () => {
    const text = read('ARCHITECTURE.md')
    const rules = numbersOf(text.slice(text.search(/^#+ .*[Rr]ules/m)))
    expect(rules).toEqual(expect.arrayContaining(DESIGN))
    const named = namedIn(tests, 'design')
    expect(DESIGN.filter((n) => !named.has(n))).toEqual([])
  })

  test('of the protocol: all of them, without exception', () => {
    const rules = numbersOf(read(PROTOCOL))
    expect(rules).toEqual(upTo(104))
    const named = namedIn(tests, 'protocol')
    expect(rules.filter((n) => !named.has(n))).toEqual([])
  })

  test('known bugs of others: each thread has a case', () => {
    const text = read(PROTOCOL)
    const threads = threadsIn(text.slice(text.indexOf('## Known bugs')))
    expect(threads.length).toBeGreaterThan(60)
    const cases = threadsIn(read(KNOWN_BUGS))
    expect(threads.filter((thread) => !cases.includes(thread))).toEqual([])
  })

  test.each([
    ['a.test.ts', 'protocol', [11, 20, 4]],
    ['a.test.ts', 'design', [3, 5, 6, 7, 9]],
    ['a/protocol/a.test.ts', 'protocol', [3, 5, 6, 7, 9, 11, 20, 4]],
    ['a/protocol/a.test.ts', 'design', []],
  ] as const)('lists of numbers are read: %s, %s', (path, scope, expected) => {
    const text = 'rule 3; rules 5-7, 9 and 11. Rule 20, xDS rule 4'
    expect([...namedIn([{ path, text, lines: 1, kind: 'test', isProduct: false }], scope)]).toEqual(expected)
  })
})
