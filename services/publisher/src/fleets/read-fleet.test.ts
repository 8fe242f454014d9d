// The ConfigMaps of a fleet, step by step: what is read, what is kept, what is said.
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import type { ConfigMapObject } from '@fleetcast/shared/objects/object'
import { formatProblem } from '@fleetcast/shared/objects/problem'
import { describe, expect, test } from 'vitest'
import { createReadCluster } from '../compile/read-cluster.ts'
import { configMap } from '../testing/objects.ts'
import { readFleetDocument } from './document.ts'
import { type FleetDefinition, type LastGood, NOTHING_GOOD, readFleet } from './read-fleet.ts'

const types = createEnvoyTypes()
const readCluster = createReadCluster(types)
const cluster = (name: string, more = 'connect_timeout: 1s') => `- { name: ${name}, ${more} }\n`

function readAll(steps: readonly (readonly ConfigMapObject[])[]): FleetDefinition {
  let last: LastGood = NOTHING_GOOD
  let definition: FleetDefinition | undefined
  for (const maps of steps) {
    const sources = maps.map((object) => ({ site: 'east', object }))
    definition = readFleet({
      name: 'web',
      sources,
      last,
      readCluster,
      read: (key, text) => readFleetDocument(types, key, text),
    })
    last = definition.good
  }
  if (!definition) throw new Error('no step')
  return definition
}
const clusters = (text: string, key = 'clusters.yaml') => configMap('shop/web', 'web', { [key]: text })
const settings = (text: string) => configMap('shop/web', 'web', { 'fleet.yaml': text })

describe('resources', () => {
  const cases: [name: string, steps: ConfigMapObject[][], natives: string[], problems: RegExp[]][] = [
    ['two of them', [[clusters(cluster('a') + cluster('b'))]], ['a', 'b'], []],
    [
      'rule 5: a wrong item keeps its last good form, its neighbour goes on',
      [[clusters(cluster('a'))], [clusters(cluster('a', 'conect_timeout: 1s') + cluster('b'))]],
      ['b', 'a kept'],
      [/clusters\.yaml:1:\d+ \[0\]\.conect_timeout: /],
    ],
    [
      'rule 5: a text that can not be read keeps all that it held',
      [[clusters(cluster('a') + cluster('b'))], [clusters('- {')]],
      ['a kept', 'b kept'],
      [/clusters\.yaml:/],
    ],
    [
      'two steps later it still does',
      [[clusters(cluster('a'))], [clusters('- {')], [clusters('- [')]],
      ['a kept'],
      [/clusters\.yaml:/],
    ],
    ['wrong from the beginning', [[clusters(cluster('a', 'nothing: 1') + cluster('b'))]], ['b'], [/\[0\]\.nothing: /]],
    ['what is taken out is gone', [[clusters(cluster('a') + cluster('b'))], [clusters(cluster('b'))]], ['b'], []],
    [
      'the same name in two ConfigMaps: the first by namespace and name',
      [
        [
          configMap('shop/a', 'web', { 'clusters.yaml': cluster('x', 'connect_timeout: 1s') }),
          configMap('shop/b', 'web', { 'clusters.yaml': cluster('x') }),
        ],
      ],
      ['x'],
      [
        /ConfigMap\/shop\/b clusters\.yaml:1:\d+ \[0\]: "x" stands in east ConfigMap\/shop\/a clusters\.yaml, line 1, already/,
      ],
    ],
    [
      'a ConfigMap of another namespace that nobody invited',
      [[clusters(cluster('a')), configMap('zoo/web', 'web', { 'clusters.yaml': cluster('z') })]],
      ['a'],
      [/ConfigMap\/zoo\/web: fleet web belongs to namespace shop/],
    ],
    [
      'a key of another kind',
      [[clusters(cluster('a'), 'notes.txt')]],
      [],
      [/warning: .*notes\.txt: it is passed over/],
    ],
  ]
  test.each(cases)('%s', (_name, steps, natives, problems) => {
    const read = readAll(steps)
    expect(read.natives.map(({ name, isKept }) => `${name}${isKept ? ' kept' : ''}`)).toEqual(natives)
    const said = read.problems.map(formatProblem)
    for (const pattern of problems) expect(said.join('\n')).toMatch(pattern)
    if (problems.length === 0) expect(said).toEqual([])
  })
})

describe('settings', () => {
  const cases: [name: string, steps: string[], check: (read: FleetDefinition) => unknown, expected: unknown][] = [
    ['none', ['{}'], ({ settings: s }) => s?.services, { kind: 'referred' }],
    ['all services', ['services: all'], ({ settings: s }) => s?.services, { kind: 'all' }],
    [
      'rule 5: a wrong key keeps what it said, others go on',
      ['services: all\nremoveAfter: 1s', 'services: some\nremoveAfter: 2s'],
      ({ settings: s }) => [s?.services, s?.removeAfterMs],
      [{ kind: 'all' }, 2_000],
    ],
    ['a text that can not be read keeps all', ['removeAfter: 3s', '{'], ({ settings: s }) => s?.removeAfterMs, 3_000],
    ['nothing was ever right: nothing may be published', ['{'], ({ settings: s }) => s, undefined],
    [
      'an unknown key',
      ['service: all'],
      ({ problems: [p] }) => p?.message,
      'unknown key "service" (did you mean "services"?)',
    ],
    [
      'rule 10: who may have the fleet is never opened by a mistake',
      ['nodes: { identity: 7 }'],
      ({ settings: s }) => s?.nodes?.identity,
      [],
    ],
    [
      'rule 10: nor by a later one',
      ['nodes: { identity: [a] }', 'nodes: { identity: 7 }'],
      ({ settings: s }) => s?.nodes?.identity,
      ['a'],
    ],
    ['namespaces that may join', ['namespaces: [zoo]'], ({ namespaces }) => namespaces, ['shop', 'zoo']],
  ]
  test.each(cases)('%s', (_name, steps, check, expected) => {
    expect(check(readAll(steps.map((text) => [settings(text)])))).toEqual(expected)
  })
})
