import { readDocument } from '@fleetcast/shared/envoy/document'
import { encodeMessage } from '@fleetcast/shared/envoy/encode'
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import { resource } from '@fleetcast/shared/resources/resource'
import { SECRET } from '@fleetcast/shared/resources/types'
import type { Entry } from '@fleetcast/shared/store/set-store'
import { expect, test } from 'vitest'
import { contentChanges } from './content-diff.ts'

const types = createEnvoyTypes()
const read = (name: string, text: string): Entry | undefined => {
  if (text === '') return undefined
  const [item] = readDocument({ types, name, text: `[${text}]` }).items
  return item && resource({ ...item, sensitive: item.sensitive === true })
}
const cluster = (text: string) => read('clusters.yaml', text && `{ name: a, ${text} }`)
const routes = (text: string) => read('routes.yaml', `{ name: r, virtual_hosts: [${text}] }`)
const host = (name: string, to: string) =>
  `{ name: ${name}, domains: [${name}], routes: [ { match: { prefix: / }, route: { cluster: ${to} } } ] }`
const secret = (key: string): Entry => {
  const certificate = { private_key: { inline_string: key }, certificate_chain: { inline_string: 'c' } }
  const bytes =
    encodeMessage(SECRET, { name: 's', tls_certificate: certificate }, types).value?.bytes ?? new Uint8Array()
  return resource({ type: SECRET, name: 's', bytes, sensitive: true })
}

const cases: [name: string, before: Entry | undefined, after: Entry | undefined, expected: object[]][] = [
  ['the same', cluster('connect_timeout: 1s'), cluster('connect_timeout: 1s'), []],
  [
    'a value',
    cluster('connect_timeout: 1s'),
    cluster('connect_timeout: 2s'),
    [{ path: 'connect_timeout', before: '1s', after: '2s' }],
  ],
  [
    'a field that came and one that went',
    cluster('alt_stat_name: x'),
    cluster('connect_timeout: 2s'),
    [
      { path: 'alt_stat_name', before: 'x' },
      { path: 'connect_timeout', after: '2s' },
    ],
  ],
  [
    'one put before others',
    routes(host('a', 'x')),
    routes(`${host('b', 'x')}, ${host('a', 'y')}`),
    [
      { path: 'virtual_hosts[0]', after: expect.objectContaining({ name: 'b' }) },
      { path: 'virtual_hosts[1].routes[0].route.cluster', before: 'x', after: 'y' },
    ],
  ],
  [
    'a whole one',
    undefined,
    cluster('connect_timeout: 1s'),
    [{ path: '', after: { name: 'a', connect_timeout: '1s' } }],
  ],
  [
    'a link',
    { type: 't', name: 'a', link: 'endpoints/1' },
    { type: 't', name: 'a', link: 'endpoints/2' },
    [{ path: 'link', before: 'endpoints/1', after: 'endpoints/2' }],
  ],
  [
    'rule 8: a secret is not shown',
    secret('KEY-ONE'),
    secret('KEY-TWO'),
    [{ path: '', before: 'a secret, which is not shown', after: 'a secret, which is not shown' }],
  ],
]

test.each(cases)('%s', (_name, before, after, expected) => {
  const changes = contentChanges(before, after, types)
  expect(changes).toEqual(expected)
  expect(JSON.stringify(changes)).not.toMatch(/KEY-/)
})
