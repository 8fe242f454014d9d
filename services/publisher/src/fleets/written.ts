// A text that somebody wrote, read once: its values with the place of each. Pure.

import { join } from '@fleetcast/shared/envoy/json-value'
import { locate, type Positions, readYaml } from '@fleetcast/shared/envoy/yaml-positions'
import type { Place, Problem } from '@fleetcast/shared/objects/problem'
import type { z } from 'zod'

export interface Page {
  /** Of the text as a whole. */
  readonly place: Place
  /** Undefined where the text as a whole can't be read. */
  readonly value: unknown
  readonly problems: readonly Problem[]
  readonly positions: Positions
  /** The place of a path. */
  at(path: string): Place
}

export function readPage(text: string, place: Place): Page {
  const { value, positions, issues } = readYaml(text)
  const problems = issues.map(({ message, line, column, path }): Problem => {
    const where = { ...place, ...(line === undefined ? {} : { line, column: column ?? 1 }), ...(path ? { path } : {}) }
    return { severity: 'error', code: 'yaml', message, place: where }
  })
  return {
    place,
    value: issues.length > 0 ? undefined : value,
    problems,
    positions,
    at: (path) => placeOf(place, positions, path),
  }
}

/** What stood at one place when it was right. */
export interface GoodKey {
  readonly page: Page
  readonly raw: unknown
}

/** The page with the value that was right. */
export const pageOf = ({ page, raw }: GoodKey): Page => ({ ...page, value: raw, problems: [] })

function placeOf(place: Place, positions: Positions, path: string): Place {
  const found = locate(positions, path)
  return { ...place, ...(found && { line: found.line, column: found.column }), ...(path === '' ? {} : { path }) }
}

/** What zod found wrong below `path`, each with its place and, where a key is unknown, the word that was perhaps meant. */
export function schemaProblems(page: Page, path: string, error: z.core.$ZodError): readonly Problem[] {
  return error.issues.flatMap((issue) => {
    const here = issue.path.reduce<string>((at, key) => join(at, typeof key === 'symbol' ? String(key) : key), path)
    if (issue.code !== 'unrecognized_keys') return [fieldProblem(page.at(here), deepest(issue))]
    return issue.keys.map((key) => fieldProblem(page.at(join(here, key)), `unknown key ${JSON.stringify(key)}`))
  })
}

/** A union says only "invalid input": the branch that came furthest says more. */
function deepest(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_union' || issue.message !== 'Invalid input') return issue.message
  const branches = issue.errors.map((branch) => branch.map((each) => each.message).join(', '))
  return [...new Set(branches)].join(', or ')
}

export const fieldProblem = (place: Place, message: string): Problem => ({
  severity: 'error',
  code: 'field',
  message,
  place,
})
