// The limits of size: a file, a function. Data, so that a reader sees them at once.
import { describe, expect, test } from 'vitest'
import { functionsOf, sources } from './sources.ts'

const LINES_MAX = 400
const LINES_MAX_OF_TESTS = 600
const MEDIAN_MAX = 110
const FUNCTION_LINES_MAX = 70

describe('sizes', () => {
  test('files', () => {
    const over = sources.filter((f) => f.lines > (f.kind === 'source' ? LINES_MAX : LINES_MAX_OF_TESTS))
    expect(over.map((f) => `${f.path}: ${f.lines} lines`)).toEqual([])
  })

  test('the median file', () => {
    const lines = sources.filter((f) => f.isProduct).map((f) => f.lines)
    const sorted = lines.sort((a, b) => a - b)
    expect(sorted.length).toBeGreaterThan(50)
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(MEDIAN_MAX)
  })

  test('functions', () => {
    const long = sources
      .filter((f) => f.isProduct)
      .flatMap(functionsOf)
      .filter((f) => f.lines > FUNCTION_LINES_MAX)
    expect(long.map((f) => `${f.where}: ${f.lines} lines`)).toEqual([])
  })

  test('a long function is found, without what stands in functions inside it', () => {
    const body = (n: number): string => Array.from({ length: n }, (_, i) => `  x(${i})`).join('\n')
    const text = `export function outer() {\n${body(10)}\n  const inner = () => {\n${body(80)}\n  }\n}\n`
    const found = functionsOf({ path: 'a.ts', text, lines: 94, kind: 'source', isProduct: true })
    expect(found).toEqual([
      { where: 'a.ts:12', lines: 82 },
      { where: 'a.ts:1', lines: 13 },
    ])
  })
})
