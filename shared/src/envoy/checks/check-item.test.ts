import { expect, test } from 'vitest'
import { readDocument } from '../document.ts'
import { createEnvoyTypes } from '../types.ts'
import { regexProblem } from './check-regex.ts'
import { CHECK_CASES } from './testing/check-cases.ts'

const types = createEnvoyTypes()

test.each(CHECK_CASES)('$what: $ours', ({ yaml, ours, words }) => {
  const { problems, readable } = readDocument({ name: 'fleet', text: yaml, types })
  expect(readable).toBe(true)
  const severity = problems.some((p) => p.severity === 'error') ? 'error' : (problems[0]?.severity ?? 'silent')
  expect({ severity, messages: problems.map((p) => p.message) }).toMatchObject({ severity: ours })
  if (words) expect(problems.map((p) => p.message)).toContainEqual(expect.stringMatching(words))
  // Every problem has a place that people can go to.
  expect(problems.every((p) => p.place.line !== undefined && p.place.path !== undefined)).toBe(true)
})

const regexes: [regex: string, wrong: RegExp | undefined][] = [
  ['', undefined],
  ['\\\\1', undefined],
  ['\\\\\\1', /back-references/],
  ['[[:^space:]]', undefined],
  ['(?i)abc', undefined],
  ['(?<name>a)', undefined],
  ['(?<=a)b', /look-around/],
  ['(?>a)', /no such group/],
  ['a**', /./],
  ['[z-a]', /./],
  ['a{1,1001}', /1000/],
  ['a\\{9999}', undefined],
  ['(?P<a', /./],
]
test.each(regexes)('regex %s', (regex, wrong) => {
  if (wrong) expect(regexProblem(regex)).toMatch(wrong)
  else expect(regexProblem(regex)).toBeUndefined()
})
