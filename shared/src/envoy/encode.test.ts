import { expect, test } from 'vitest'
import { readDocument } from './document.ts'
import { decodeMessage, encodeMessage } from './encode.ts'
import { createEnvoyTypes } from './types.ts'

const types = createEnvoyTypes()
const CLUSTER = 'type.googleapis.com/envoy.config.cluster.v3.Cluster'
const SECRET = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret'
const LISTENER = 'envoy.config.listener.v3.Listener'
const STRUCT = 'type.googleapis.com/xds.type.v3.TypedStruct'

test('a cluster made from a Service goes out and comes back', () => {
  const { value, issues } = encodeMessage(CLUSTER, { name: 'a', type: 'eds', connect_timeout: '1s' }, types)
  expect(issues).toEqual([])
  expect(value?.json).toEqual({ name: 'a', type: 'EDS', connect_timeout: '1s' })
  expect(decodeMessage(CLUSTER, value!.bytes, types)).toEqual({ name: 'a', type: 'EDS', connect_timeout: '1s' })
})

const refused: [what: string, type: string, input: unknown, words: RegExp][] = [
  ['an unknown type', 'acme.X', {}, /unknown type/],
  ['an unknown field', CLUSTER, { nam: 'a' }, /no field/],
  ['a rule', CLUSTER, { name: '' }, /must not be empty/],
  ['no mapping', CLUSTER, [], /mapping/],
]
test.each(refused)('refused: %s', (_, type, input, words) => {
  const { value, issues } = encodeMessage(type, input, types)
  expect(value).toBeUndefined()
  expect(issues[0]?.message).toMatch(words)
})

const tls = (privateKey: object) => ({
  name: 's',
  tls_certificate: { certificate_chain: { inline_string: 'public' }, private_key: privateKey },
})
const chain = (certificate: object) => {
  const context = { common_tls_context: { tls_certificates: [certificate] } }
  const url = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext'
  const socket = (typed_config: object) => ({
    name: 'l',
    filter_chains: [{ transport_socket: { name: 't', typed_config } }],
  })
  return {
    any: socket({ '@type': url, ...context }),
    struct: socket({ '@type': STRUCT, type_url: url, value: context }),
  }
}
const inline = { private_key: { inline_string: 'hush' } }

/** Everything in which the word "hush" is a secret. */
const secrets: [what: string, type: string, input: object][] = [
  ['an inline private key', SECRET, tls({ inline_string: 'hush' })],
  ['in bytes', SECRET, tls({ inline_bytes: Buffer.from('hush').toString('base64') })],
  ['inside Any', LISTENER, chain(inline).any],
  ['inside TypedStruct', LISTENER, chain(inline).struct],
  ['a list of keys', SECRET, { name: 's', session_ticket_keys: { keys: [{ inline_string: 'hush' }] } }],
]
test.each(secrets)('rule 8: what is decoded shows no secret: %s', (_, type, input) => {
  const { value, issues } = encodeMessage(type, input, types)
  expect(issues).toEqual([])
  const shown = JSON.stringify(decodeMessage(type, value!.bytes, types))
  expect(shown).toContain('[redacted]')
  expect(shown).not.toContain('hush')
  expect(shown).not.toContain(Buffer.from('hush').toString('base64'))
})

/** Slips that put a secret where its type is wrong: the problem must not quote it. */
const slips: [what: string, yaml: string][] = [
  ['a key that is no mapping', 'secrets: [ { name: s, tls_certificate: { private_key: hush } } ]'],
  ['a key that is a list', 'secrets: [ { name: s, tls_certificate: { private_key: { inline_string: [hush] } } } ]'],
  ['bytes that are no base64', 'secrets: [ { name: s, generic_secret: { secret: { inline_bytes: "hush!" } } } ]'],
  ['a certificate that is a key', `secrets: [ { name: s, tls_certificate: "-----BEGIN\\nhush" } ]`],
  [
    'a key that can not be read',
    'secrets: [ { name: s, tls_certificate: { certificate_chain: { filename: a }, private_key: { inline_string: hush } } } ]',
  ],
  ['no YAML', 'secrets: [ { name: s, tls_certificate: { private_key: { inline_string: "hush" } } ]'],
]
test.each(slips)('rule 8: no problem quotes a secret: %s', (_, text) => {
  const { problems } = readDocument({ name: 'fleet', text, types })
  expect(problems.length).toBeGreaterThan(0)
  expect(JSON.stringify(problems)).not.toContain('hush')
})

test('a file name is no secret', () => {
  const { value } = encodeMessage(SECRET, tls({ filename: '/etc/key.pem' }), types)
  expect(JSON.stringify(decodeMessage(SECRET, value!.bytes, types))).toContain('/etc/key.pem')
})

test('bytes that are no message are an error, not an exception', () => {
  expect(decodeMessage(CLUSTER, Uint8Array.of(255, 255), types)).toHaveProperty('error')
  expect(decodeMessage('acme.X', Uint8Array.of(), types)).toHaveProperty('error')
})
