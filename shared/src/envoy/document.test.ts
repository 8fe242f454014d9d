import { expect, test } from 'vitest'
import { formatProblem } from '../objects/problem.ts'
import { type DocumentInput, readDocument } from './document.ts'
import { createEnvoyTypes } from './types.ts'

const types = createEnvoyTypes()
const read = (name: string, text: string, more: Partial<DocumentInput> = {}) =>
  readDocument({ name, text, types, ...more })
const short = (type: string | undefined) => type?.slice(type.lastIndexOf('.') + 1)

const CLUSTERS = '- { name: a, connect_timeout: 1s }\n- { name: b }\n'
const RDS = `version_info: "1"
resources:
- "@type": type.googleapis.com/envoy.api.v2.RouteConfiguration
  name: r
- "@type": type.googleapis.com/envoy.service.discovery.v3.Resource
  name: v/a.example
  aliases: [v/b.example]
  ttl: 30s
  resource: { "@type": type.googleapis.com/envoy.config.route.v3.VirtualHost, name: a, domains: [a.example] }
`
const BOOTSTRAP = `
admin: { address: { socket_address: { address: 127.0.0.1, port_value: 1 } } }
static_resources:
  listeners:
  - address: { socket_address: { address: 0.0.0.0, port_value: 8000 } }
    filter_chains: [ { filters: [] } ]
  clusters: [ { name: c } ]
  secrets: [ { name: s, generic_secret: { secret: { inline_string: hush } } } ]
`

/** What a document holds, as `Type name`. */
const good: [what: string, name: string, text: string, items: string[]][] = [
  ['a list named by its file', 'clusters.yaml', CLUSTERS, ['Cluster a', 'Cluster b']],
  ['a file in a folder', 'sub/dir/cds.yaml', CLUSTERS, ['Cluster a', 'Cluster b']],
  ['JSON', 'clusters.json', '[{"name": "a"}]', ['Cluster a']],
  ['one resource in a file that names its type', 'clusters.yaml', 'name: a', ['Cluster a']],
  ['an empty list', 'clusters.yaml', '[]', []],
  [
    'a map of lists',
    'anything',
    'clusters: [{ name: a }]\nendpoints: [{ cluster_name: b }]\nvirtualHosts: [{ name: v, domains: [x] }]',
    ['Cluster a', 'ClusterLoadAssignment b', 'VirtualHost v'],
  ],
  ['a bootstrap', 'envoy.yaml', BOOTSTRAP, ['Listener listener_0.0.0.0_8000', 'Cluster c', 'Secret s']],
  ['a bootstrap without resources of its own', 'envoy.yaml', 'admin: {}', []],
  ['an xDS document, of v2 too', 'rds.yaml', RDS, ['RouteConfiguration r', 'VirtualHost v/a.example']],
  [
    'a list of Any',
    'x.yaml',
    '[{ "@type": t/envoy.service.runtime.v3.Runtime, name: r, layer: { a: 1 } }]',
    ['Runtime r'],
  ],
  ['one Any', 'x.yaml', '"@type": t/envoy.api.v2.Cluster\nname: c', ['Cluster c']],
]
test.each(good)('%s', (_, name, text, items) => {
  const result = read(name, text)
  expect(result.problems.filter((p) => p.severity === 'error')).toEqual([])
  expect(result.readable).toBe(true)
  expect(result.items.map((i) => `${short(i.type)} ${i.name}`)).toEqual(items)
})

/** Problems as people see them, good items, failed ones. */
const bad: [what: string, name: string, text: string, problems: RegExp[], items: string[], failed: string[]][] = [
  ['rule 5: a YAML mistake fails the whole text', 'clusters.yaml', '- name: a\n- name: [', [/:2:10: /], [], []],
  ['an empty text', 'clusters.yaml', '', [/:1:1: the document is empty/], [], []],
  ['a list without a type', 'foo.yaml', '[{ name: a }]', [/does not say what this list holds/], [], []],
  ['nothing that is known', 'foo.yaml', 'a: 1', [/neither resources nor a bootstrap/], [], []],
  ['a text', 'clusters.yaml', 'hello', [/a list or a mapping expected/], [], []],
  [
    'rule 5: a wrong item harms no neighbour',
    'clusters.yaml',
    '- name: a\n- name: b\n  lb_polcy: RANDOM\n- name: c',
    [/:3:3 \[1\]\.lb_polcy: .*did you mean "lb_policy"/],
    ['a', 'c'],
    ['Cluster b 1'],
  ],
  [
    'all problems of an item',
    'clusters.yaml',
    '- name: b\n  connect_timeout: 0s\n  outlier_detection: { max_ejection_percent: 200 }',
    [/:2:3 .*must be greater than/, /:3:24 .*must be at most 100/],
    [],
    ['Cluster b 0'],
  ],
  [
    'the same name twice',
    'clusters.yaml',
    '- name: a\n- name: b\n- name: a',
    [/:1:3 \[0\]: the name "a" is given twice/, /:3:3 \[2\]/],
    ['b'],
    ['Cluster a 0', 'Cluster a 2'],
  ],
  ['no name', 'clusters.yaml', '- { type: STATIC }', [/a resource needs a name/], [], ['Cluster undefined 0']],
  [
    'an item that is no mapping',
    'clusters.yaml',
    '- 5\n- name: a',
    [/:1:3 \[0\]: mapping/],
    ['a'],
    ['Cluster undefined 0'],
  ],
  [
    'a list nobody knows',
    'x.yaml',
    'clusters: [{ name: a }]\nlisteners_: []',
    [/:2:1 listeners_: no list is called .*"listeners"/],
    ['a'],
    [],
  ],
  [
    'a misspelt bootstrap field',
    'envoy.yaml',
    'static_resources: { clusters: [{ name: a }] }\nadmim: {}',
    [/:2:1 admim: .*did you mean "admin"/],
    ['a'],
    [],
  ],
  [
    'an xDS document with a type that is none',
    'rds.yaml',
    'resources:\n- "@type": t/envoy.config.core.v3.Node\n  id: a\n- name: b\n',
    [/:2:3 .*is no resource/, /:4:3 .*"@type/],
    [],
    ['undefined undefined 0', 'undefined undefined 1'],
  ],
  [
    'a loss in the v2 upgrade',
    'clusters.yaml',
    '- name: a\n  extensionProtocolOptions: {}',
    [/:2:3 .*extension_protocol_options has no successor/],
    [],
    ['Cluster a 0'],
  ],
  [
    'v2 at the line of its author',
    'clusters.yaml',
    '- name: a\n  hosts:\n  - socket_address: { address: ::1, port_value: 1 }\n  - socketAddress: { address: ::1, portValue: 70000 }',
    [/:4:36 \[0\]\.hosts\[1\]\.socketAddress\.portValue: /],
    [],
    ['Cluster a 0'],
  ],
  [
    'a time that only the last step refuses',
    'x.yaml',
    '- "@type": t/envoy.config.core.v3.TypedExtensionConfig\n  name: e\n  typed_config: { "@type": t/google.protobuf.Timestamp, value: soon }',
    [/:1:3 .*Timestamp/],
    [],
    ['TypedExtensionConfig e 0'],
  ],
]
test.each(bad)('%s', (_, name, text, problems, items, failed) => {
  const result = read(name, text)
  const errors = result.problems.filter((p) => p.severity === 'error').map(formatProblem)
  expect(errors).toEqual(problems.map((p) => expect.stringMatching(p)))
  expect(result.items.map((i) => i.name)).toEqual(items)
  expect(result.failed.map((f) => `${short(f.type)} ${f.name} ${f.index}`)).toEqual(failed)
})

test('losses are warnings where they are allowed', () => {
  const { items, problems } = read('clusters.yaml', '- { name: a, extension_protocol_options: {} }', {
    allowLost: true,
  })
  expect(items).toHaveLength(1)
  expect(problems.map((p) => [p.severity, p.code])).toEqual([['warning', 'upgrade']])
})

test('what a wrapper says of its resource', () => {
  const [, host] = read('rds.yaml', RDS).items
  expect(host).toMatchObject({ aliases: ['v/b.example'], ttlSeconds: 30 })
})

test('rule 8: an item that holds a secret is marked', () => {
  const { items } = read('envoy.yaml', BOOTSTRAP)
  expect(items.map((i) => i.sensitive)).toEqual([undefined, undefined, true])
})

const EDS = 'type: EDS, eds_cluster_config: { eds_config: { ads: {} } }'
const assignments: [yaml: string, name: string | undefined][] = [
  [`{ name: c, ${EDS} }`, 'c'],
  ['{ name: c, type: eds, edsClusterConfig: { serviceName: s, edsConfig: { ads: {} } } }', 's'],
  ['{ name: c, type: EDS, eds_cluster_config: { eds_config: { path: /f } } }', undefined],
  ['{ name: c, type: STRICT_DNS }', undefined],
]
test.each(assignments)('the assignment that %s asks for', (yaml, name) => {
  expect(read('clusters.yaml', `- ${yaml}`).items[0]?.endpointsName).toBe(name)
})

test('rule 1: equal content in another order has equal bytes', () => {
  const bytes = (yaml: string) => read('clusters.yaml', `- ${yaml}`).items[0]!.bytes
  const metadata = (inner: string) => `metadata: { filter_metadata: ${inner} }`
  expect(bytes(`{ name: a, ${metadata('{ a: { x: 1, y: 2 }, b: {} }')} }`)).toEqual(
    bytes(`{ ${metadata('{ b: {}, a: { y: 2, x: 1 } }')}, name: a }`),
  )
})
