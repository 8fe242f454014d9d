// The docs say what the code does: pages made from it are up to date, every flag, field, metric and path stands in its page.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { SETTINGS } from '@fleetcast/publisher/fleets/settings-schema'
import { createMemoryStore } from '@fleetcast/shared/store/memory'
import { createQuestions } from 'fleetcast/answers/questions'
import { flagsPage } from 'fleetcast/flags-page'
import { VERBS } from 'fleetcast/verbs'
import { describe, expect, test } from 'vitest'
import { root, sources } from './sources.ts'

test('docs/flags.md', () => {
  expect(readFileSync(join(root, 'docs/flags.md'), 'utf8')).toBe(flagsPage(VERBS))
})

test('a variable never looks like one that Kubernetes sets for a Service named fleetcast', () => {
  const page = flagsPage(VERBS)
  expect(page).toContain('`FLEETCAST_LISTEN`')
  expect(page).not.toMatch(/FLEETCAST_(PORT|SERVICE_HOST|SERVICE_PORT)\b/)
})

/** With what stands there twice. */
const inOrder = (texts: Iterable<string>): readonly string[] => [...texts].sort((a, b) => (a < b ? -1 : 1))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

describe('docs/documents.md', () => {
  test('has a row for every field of fleet.yaml, and for none that is not there', () => {
    const section =
      read('docs/documents.md')
        .split(/^## fleet\.yaml$/m)[1]
        ?.split(/^## /m)[0] ?? ''
    const documented = [...section.matchAll(/^\| `([\w.[\]]+)` \|/gm)].map(([, field = '']) => field)
    expect(inOrder(documented)).toEqual(inOrder(fieldsOfSettings()))
  })

  test('fields of all depths are found', () => {
    expect(fieldsOfSettings()).toEqual(expect.arrayContaining(['removeAfter', 'clusters.overrides[].match.portName']))
  })
})

/** A part of a JSON schema. */
interface Schema {
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
}

function fieldsOfSettings(): readonly string[] {
  const found = new Set<string>()
  const visit = ({ anyOf = [], items, properties = {} }: Schema, path: string): void => {
    for (const each of anyOf) visit(each, path)
    if (items) visit(items, `${path}[]`)
    for (const [name, field] of Object.entries(properties)) {
      found.add(`${path}.${name}`)
      visit(field, `${path}.${name}`)
    }
  }
  for (const [key, schema] of Object.entries(SETTINGS)) {
    found.add(key)
    visit(schema.toJSONSchema({ io: 'input' }) as Schema, key)
  }
  return [...found]
}

describe('docs/operations.md', () => {
  const product = sources.filter((file) => file.isProduct)
  /** Names that are put together in code, by the file that does it: each word of such a call is one name. */
  const FAMILIES: Readonly<Record<string, { readonly call: RegExp; readonly name: (word: string) => string }>> = {
    'services/xds-edge/src/acks/tally.ts': { call: /\bperType\('(\w+)'/g, name: (word) => `fleetcast_edge_${word}` },
    'services/xds-edge/src/streams/load-reports.ts': {
      call: /\bcount\('(\w+)'/g,
      name: (word) => `fleetcast_edge_load_${word}_total`,
    },
  }
  const names = product.flatMap(({ path, text }) => {
    const family = FAMILIES[path]
    return [
      ...[...text.matchAll(/'(fleetcast_[a-z_]+)'/g)].map(([, name = '']) => name),
      ...(family ? [...text.matchAll(family.call)].map(([, word = '']) => family.name(word)) : []),
    ]
  })

  test('has a row for every metric, and for none that is not there', () => {
    const documented = [...read('docs/operations.md').matchAll(/^\| `(fleetcast_\w+)/gm)].map(([, name = '']) => name)
    expect(inOrder(documented)).toEqual(inOrder(new Set(names)))
  })

  test('names that are put together are those of families that are known', () => {
    const made = product.filter(({ text }) => /`fleetcast_[^`]*\$\{/.test(text)).map(({ path }) => path)
    expect(inOrder(made)).toEqual(inOrder(Object.keys(FAMILIES)))
    expect(names).toEqual(expect.arrayContaining(['fleetcast_edge_nacks_total', 'fleetcast_edge_load_errors_total']))
  })

  test('has every path of an admin address', () => {
    const text = read('docs/operations.md')
    const { questions, orders } = createQuestions({ store: createMemoryStore() })
    const paths = ['/readyz', '/livez', '/metrics', ...Object.keys(questions), ...Object.keys(orders)]
    expect(paths.filter((path) => !text.includes(`\`${path}`))).toEqual([])
  })
})

test('links between pages lead to files', () => {
  const pages = [
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    ...readdirSync(join(root, 'docs')).map((f) => `docs/${f}`),
  ]
  const broken = pages
    .filter((page) => page.endsWith('.md'))
    .flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)]
        .map(([, to = '']) => join(dirname(page), to))
        .filter((to) => !existsSync(join(root, to)))
        .map((to) => `${page}: ${to}`),
    )
  expect(broken).toEqual([])
})
