// Golden cases: objects in, every set out. `npm run golden` writes the answers anew and deletes what no case has any more;
// what it changes is read before it is committed.
import { readdirSync, readFileSync } from 'node:fs'
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import { expect, test } from 'vitest'
import { caseFolder, compileCase } from './testing/golden.ts'

const types = createEnvoyTypes()
const cases = readdirSync(caseFolder).sort()

test('there are cases, and at most forty', () => {
  expect(cases.length).toBeGreaterThan(0)
  expect(cases.length).toBeLessThanOrEqual(40)
})

test.each(cases)('%s', (name) => {
  const { answer } = compileCase(types, name)
  expect(answer).toBe(readFileSync(new URL(`${name}/sets.yaml`, caseFolder), 'utf8'))
})
