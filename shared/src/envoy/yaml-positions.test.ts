import { expect, test } from 'vitest'
import { locate, readYaml } from './yaml-positions.ts'

const places: [yaml: string, path: string, line: number, column: number][] = [
  ['a:\n  - b: 1\n  - b: 2', 'a[1].b', 3, 5],
  ['a:\n  - b: 1\n  - b: 2', 'a[1]', 3, 5],
  ['a: { b.c: 1 }', 'a["b.c"]', 1, 6],
  ['a: { b: 1 }', 'a.b.c.d', 1, 6],
  ['{"a": {"b": [1, 2]}}', 'a.b[1]', 1, 17],
  ['base: &x { c: 1 }\na: { <<: *x }', 'a.c', 1, 12],
]
test.each(places)('%s: %s', (yaml, path, line, column) => {
  const { positions, issues } = readYaml(yaml)
  expect(issues).toEqual([])
  expect(locate(positions, path)).toEqual({ line, column })
})

const values: [yaml: string, value: unknown][] = [
  ['a: &x [1]\nb: *x', { a: [1], b: [1] }],
  ['base: &x { c: 1, d: 2 }\na: { <<: *x, d: 3 }', { base: { c: 1, d: 2 }, a: { c: 1, d: 3 } }],
  ['a: |\n  x\n', { a: 'x\n' }],
  ['a: .nan', { a: 'NaN' }],
]
test.each(values)('%s', (yaml, value) => {
  expect(readYaml(yaml)).toMatchObject({ value, issues: [] })
})

const refused: [what: string, yaml: string, words: RegExp][] = [
  ['no end', 'a: [', /./],
  ['a lone tab', 'a:\n\tb: 1', /./],
  ['an unknown tag', 'a: !custom b', /tag/i],
  ['a key that is a list', '? [a]\n: 1', /plain text/],
  ['a key that would change the prototype', '__proto__: { a: 1 }', /plain text/],
  ['an endless alias', 'a: &x [*x]', /nested too deeply/],
  ['nothing but brackets', '['.repeat(20_000), /./],
  ['deep brackets', `${'['.repeat(500)}${']'.repeat(500)}`, /nested too deeply/],
  ['a bomb', bomb(), /too large|too deeply|endless/],
]
test.each(refused)('refused: %s', (_, yaml, words) => {
  const { issues } = readYaml(yaml)
  expect(issues.length).toBeGreaterThan(0)
  expect(issues[0]!.message).toMatch(words)
  expect(issues[0]!.line).toBeGreaterThan(0)
})

/** Nine levels of ten: a thousand million items when it is followed. */
function bomb(): string {
  const lines = ['a0: &a0 [1,1,1,1,1,1,1,1,1,1]']
  for (let i = 1; i < 9; i++) lines.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(',')}]`)
  return lines.join('\n')
}
