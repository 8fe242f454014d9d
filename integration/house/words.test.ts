// Names that say nothing, effects where none may be, and tests that wait for time to pass.
import { describe, expect, test } from 'vitest'
import { type SourceFile, sources, withoutComments } from './sources.ts'

const FORBIDDEN_NAMES = /(^|[/.-])(utils?|helpers?|common|base|managers?|handlers?|impl|misc)([/.-]|$)/
const ENVIRONMENT_READER = 'shared/src/runtime/config.ts'

/** Rule 9: no clock, no randomness, no input or output. */
const PURE = [
  'shared/src/catalog/',
  'shared/src/objects/',
  'services/publisher/src/catalog/',
  'services/publisher/src/compile/',
  'services/publisher/src/check/',
  'services/publisher/src/views/',
  'services/xds-edge/src/protocol/',
]
const EFFECTS = [
  /\bDate\.now\b/,
  /\bnew Date\(\)/,
  /\bMath\.random\b/,
  /\bperformance\.now\b/,
  /\bset(Timeout|Interval|Immediate)\b/,
  /\bprocess\.(?!exitCode)/,
  /\bfetch\(/,
  /\bconsole\./,
  /^import (?!\{ isIP \}).*from 'node:(?!crypto|buffer|util)/,
  /\brandomUUID\b|\brandomBytes\b/,
]

const SLEEPS = [
  /\bsleep\(/,
  /\bsetTimeout\(\s*(resolve|done|r)\b/,
  /new Promise\([^)]*\)?\s*=>\s*setTimeout\(/,
  /timers\/promises/,
]

interface Rule {
  readonly name: string
  readonly files: (file: SourceFile) => boolean
  readonly forbidden: readonly RegExp[]
}

const rules: readonly Rule[] = [
  {
    name: 'one reader of the environment',
    files: (f) => f.isProduct && f.path !== ENVIRONMENT_READER,
    forbidden: [/\bprocess\.env\b/, /\benv\b.*from 'node:process'/],
  },
  { name: 'rule 9: pure stages have no effects', files: (f) => f.isProduct && isPure(f), forbidden: EFFECTS },
  {
    name: 'pure stages do not throw for a user',
    files: (f) => f.isProduct && isPure(f),
    forbidden: [/\bthrow new Error\(/],
  },
  { name: 'no sleep in tests', files: (f) => f.path.endsWith('.test.ts') || f.kind === 'contract', forbidden: SLEEPS },
  { name: 'no any', files: (f) => f.isProduct, forbidden: [/:\s*any\b/, /\bas any\b/] },
  { name: 'no open ends', files: () => true, forbidden: [/\bTO[D]O\b|\bFIX[M]E\b|\bXX[X]\b/] },
  { name: 'no inheritance', files: (f) => f.isProduct, forbidden: [/\bclass \w+ extends\b/] },
]

const isPure = (file: SourceFile): boolean => PURE.some((folder) => file.path.startsWith(folder))
const isSelf = (file: SourceFile): boolean => file.path === 'integration/house/words.test.ts'

const offences = ({ files, forbidden }: Rule): string[] =>
  sources
    .filter((f) => files(f) && !isSelf(f))
    .flatMap((f) =>
      withoutComments(f.text)
        .split('\n')
        .filter((line) => forbidden.some((pattern) => pattern.test(line)))
        .map((line) => `${f.path}: ${line.trim()}`),
    )

describe('words', () => {
  test.each(rules)('$name', (rule) => {
    expect(offences(rule)).toEqual([])
  })

  test('every rule catches something', () => {
    const planted = [
      'const a = process.env.HOME',
      'Date.now()',
      "throw new Error('x')",
      'await new Promise((resolve) => setTimeout(resolve, 10))',
      'const x: any = 1',
      `// ${'TO'}DO`,
      'class A extends B {}',
    ]
    const caught = rules.map((rule, i) => rule.forbidden.some((pattern) => pattern.test(planted[i] ?? '')))
    expect(caught).toEqual(rules.map(() => true))
  })

  test('files say what they are in their first line', () => {
    const silent = sources.filter((f) => f.isProduct && !/^(#!.*\n)?\s*(\/\/|\/\*)/.test(f.text))
    expect(silent.map((f) => f.path)).toEqual([])
  })

  test('names say something', () => {
    expect(sources.map((f) => f.path).filter((path) => FORBIDDEN_NAMES.test(path))).toEqual([])
    expect(sources.map((f) => f.path).filter((path) => !/^[a-z0-9./-]+$/.test(path))).toEqual([])
  })
})
