import { expect, test } from 'vitest'
import { checkAddresses } from './check-addresses.ts'
import { readDocument } from './document.ts'
import { createEnvoyTypes } from './types.ts'

const types = createEnvoyTypes()
const at = (address: string, more = '') =>
  `address: ${address}, default_filter_chain: { filters: [] }${more && `, ${more}`}`
const socket = (host: string, port: number, more = '') =>
  `{ socket_address: { address: "${host}", port_value: ${port}${more} } }`
const A = socket('127.0.0.1', 10000)

/** What Envoy 1.40 says of two listeners; undefined: it takes both. */
const cases: [what: string, one: string, other: string, refused: string | undefined][] = [
  ['one address', at(A), at(A), 'TCP 127.0.0.1:10000'],
  ['also where none is bound', at(A, 'bind_to_port: false'), at(A, 'bind_to_port: false'), 'TCP 127.0.0.1:10000'],
  ['another port', at(A), at(socket('127.0.0.1', 10001)), undefined],
  ['another address', at(A), at(socket('0.0.0.0', 10000)), undefined],
  ['port 0', at(socket('127.0.0.1', 0)), at(socket('127.0.0.1', 0)), undefined],
  ['UDP beside TCP', at(A), at(socket('127.0.0.1', 10000, ', protocol: UDP')), undefined],
  ['a pipe', at('{ pipe: { path: /s } }'), at('{ pipe: { path: /s } }'), '/s'],
  [
    'an additional address',
    at(A),
    at(socket('127.0.0.1', 10001), `additional_addresses: [ { address: ${A} } ]`),
    'TCP 127.0.0.1:10000',
  ],
  [
    'an address given twice by itself',
    at(A, `additional_addresses: [ { address: ${A} } ]`),
    at(socket('::1', 1)),
    undefined,
  ],
]
test.each(cases)('two listeners: %s', (_, one, other, refused) => {
  const { items, problems } = readDocument({
    name: 'listeners.yaml',
    text: `- { name: a, ${one} }\n- { name: b, ${other} }`,
    types,
  })
  expect(problems).toEqual([])
  const found = checkAddresses(items.map((i) => ({ ...i, place: { key: 'listeners.yaml' } })))
  expect(found.map((p) => [p.message, p.place])).toEqual(
    refused === undefined
      ? []
      : [
          [
            `listener "a" (listeners.yaml:1:3) listens at ${refused} already, so Envoy refuses "b"`,
            { key: 'listeners.yaml', line: 2, column: 3 },
          ],
        ],
  )
})
