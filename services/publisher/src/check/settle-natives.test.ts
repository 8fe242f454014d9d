// A reference to nothing: which form of the resource is served, and what is said.
import { readDocument } from '@fleetcast/shared/envoy/document'
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import { resource } from '@fleetcast/shared/resources/resource'
import { type Entry, entryKey } from '@fleetcast/shared/store/set-store'
import { expect, test } from 'vitest'
import { factsOf } from '../fleets/document.ts'
import type { NativeResource } from '../fleets/read-fleet.ts'
import { settleNatives } from './settle-natives.ts'

const types = createEnvoyTypes()
const read = (key: string, text: string): NativeResource => {
  const [item] = readDocument({ types, name: key, text }).items
  if (!item) throw new Error(text)
  return { ...item, place: { key }, isKept: false }
}
const TCP = 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy'
const filters = (cluster: string) =>
  `[{ name: t, typed_config: { "@type": ${TCP}, stat_prefix: t, cluster: ${cluster} } }]`
const listener = (cluster: string) =>
  read(
    'listeners.yaml',
    `[{ name: l, address: { pipe: { path: /l } }, filter_chains: [{ filters: ${filters(cluster)} }] }]`,
  )
const routes = (cluster: string) =>
  read(
    'routes.yaml',
    `[{ name: r, virtual_hosts: [{ name: v, domains: ["*"], routes: [{ match: { prefix: / }, route: { cluster: ${cluster} } }] }] }]`,
  )
const encode = (native: NativeResource) => resource(native)

interface Case {
  readonly native: NativeResource
  readonly committed?: NativeResource
  readonly settled?: boolean
  readonly placeholders?: readonly string[]
  /** `fresh`: as it was written; `kept`: as it was committed; `none`: left out. */
  readonly served: 'fresh' | 'kept' | 'none'
  readonly said?: 'error' | 'warning'
}
const cases: [name: string, each: Case][] = [
  ['all is there', { native: routes('here'), served: 'fresh' }],
  [
    'a route to nothing keeps its last good form',
    { native: routes('gone'), committed: routes('here'), served: 'kept', said: 'error' },
  ],
  [
    'one that never was good is served: requests to it fail, others do not',
    { native: routes('gone'), served: 'fresh', said: 'error' },
  ],
  ['a listener that Envoy would refuse is left out', { native: listener('gone'), served: 'none', said: 'error' }],
  [
    'unless its cluster is put there without endpoints',
    { native: listener('gone'), placeholders: ['gone'], served: 'fresh', said: 'error' },
  ],
  [
    'a listener keeps its last good form',
    { native: listener('gone'), committed: listener('here'), served: 'kept', said: 'error' },
  ],
  [
    'the committed form refers to nothing itself',
    { native: listener('gone'), committed: listener('gone'), served: 'fresh', said: 'error' },
  ],
  [
    'while a site is not synced it may yet come',
    { native: routes('gone'), committed: routes('here'), settled: false, served: 'fresh', said: 'warning' },
  ],
]

test.each(cases)('%s', (_name, { native, committed, settled = true, placeholders = [], served, said }) => {
  const held = new Map<string, Entry>(committed ? [[entryKey(committed), encode(committed)]] : [])
  const has = { has: (name: string) => name === 'here' }
  const { value, problems } = settleNatives({
    natives: [native],
    known: { clusters: has, routes: has, secrets: has, extensions: has, endpoints: has },
    settled,
    committed: held,
    isPlaceholder: (name) => placeholders.includes(name),
    encodeNative: encode,
    factsOf: (each) => factsOf(types, each),
  })
  const form = value[0] === undefined ? 'none' : value[0].isKept ? 'kept' : 'fresh'
  expect([form, problems.map(({ severity }) => severity)]).toEqual([served, said ? [said] : []])
  if (said) expect(problems[0]).toMatchObject({ code: 'reference', place: { key: native.place.key, line: 1 } })
})
