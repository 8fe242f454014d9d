// Every numbered rule has a test that names it: those of ARCHITECTURE.md as "rule n", those of the protocol's RULES.md too.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root, type SourceFile, sources } from './sources.ts'

const PROTOCOL = 'services/xds-edge/src/protocol/RULES.md'

const read = (path: string): string => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '')

/** The numbers that begin a line of a list, or stand in the first cell of a table's row. */
function numbersOf(text: string): readonly number[] {
  const found = [...text.matchAll(/^(?:\|\s*)?(\d{1,3})(?:\.|\s*\|)/gm)].map((m) => Number(m[1]))
  return [...new Set(found)].sort((a, b) => a - b)
}

/** Numbers named in tests, after the word rule or rules: "rule 6", "rules 25, 27 and 30-33". */
function namedIn(files: readonly SourceFile[]): ReadonlySet<number> {
  const named = new Set<number>()
  for (const { text } of files) {
    for (const [, list = ''] of text.matchAll(/\brules?\s+((?:\d+(?:\s*(?:-|–|to|,|and|;)\s*)?)+)/gi)) {
      for (const [, from = '', to = from] of list.matchAll(/(\d+)(?:\s*(?:-|–|to)\s*(\d+))?/g)) {
        for (let n = Number(from); n <= Number(to); n++) named.add(n)
      }
    }
  }
  return named
}

const isTest = (f: SourceFile): boolean => f.path.endsWith('.test.ts') || f.kind === 'contract'
const house = (f: SourceFile): boolean => f.path.startsWith('integration/house/rules')

describe('numbered rules', () => {
  test('of the design', () => {
    const text = read('ARCHITECTURE.md')
    const rules = numbersOf(text.slice(text.search(/^#+ .*[Rr]ules/m)))
    expect(rules).toEqual(expect.arrayContaining([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]))
    // The protocol's tests name the protocol's numbers.
    const named = namedIn(sources.filter((f) => isTest(f) && !house(f) && !f.path.includes('/protocol/')))
    expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].filter((n) => !named.has(n))).toEqual([])
  })

  test('of the protocol', () => {
    const rules = numbersOf(read(PROTOCOL))
    expect(rules.length).toBeGreaterThan(80)
    const files = sources.filter((f) => isTest(f) && !house(f) && /^(services\/xds-edge|integration)\//.test(f.path))
    const named = namedIn(files)
    expect(rules.filter((n) => !named.has(n))).toEqual([])
  })

  test('lists of numbers are read', () => {
    const file = {
      path: 'a.test.ts',
      text: 'rule 3; rules 5-7, 9 and 11. Rule 20',
      lines: 1,
      kind: 'test',
      isProduct: false,
    } as const
    expect([...namedIn([file])]).toEqual([3, 5, 6, 7, 9, 11, 20])
  })
})
