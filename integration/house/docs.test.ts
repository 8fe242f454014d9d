// Pages that are made from the code are up to date: `npm run docs` would change nothing.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { flagsPage } from 'fleetcast/flags-page'
import { VERBS } from 'fleetcast/verbs'
import { expect, test } from 'vitest'
import { root } from './sources.ts'

test('docs/flags.md', () => {
  expect(readFileSync(join(root, 'docs/flags.md'), 'utf8')).toBe(flagsPage(VERBS))
})

test('a variable never looks like one that Kubernetes sets for a Service named fleetcast', () => {
  const page = flagsPage(VERBS)
  expect(page).toContain('`FLEETCAST_LISTEN`')
  expect(page).not.toMatch(/FLEETCAST_(PORT|SERVICE_HOST|SERVICE_PORT)\b/)
})
