// Whatever is written: problems, never an exception. Real configurations, changed at random places; the seed is printed by
// the runner when a run fails.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CHECK_CASES } from './checks/testing/check-cases.ts'
import { readDocument } from './document.ts'
import { decodeMessage } from './encode.ts'
import { asObject, isObject } from './json-value.ts'
import { V2_FLEET } from './testing/v2-fleet.ts'
import { createEnvoyTypes } from './types.ts'
import { readYaml } from './yaml-positions.ts'

const types = createEnvoyTypes()

const seeds = [V2_FLEET, ...CHECK_CASES.map((c) => c.yaml)].map((yaml) => readYaml(yaml).value)

/** What a place may become. */
const ODD: readonly unknown[] = [
  null,
  0,
  -1,
  1.5,
  70000,
  true,
  '',
  'x',
  'TRUE',
  [],
  [null],
  [[]],
  {},
  { a: 1 },
  { '@type': 'x' },
  { '@type': 'type.googleapis.com/google.protobuf.Struct', value: 5 },
  { '@type': 'type.googleapis.com/google.protobuf.Any', value: {} },
  { value: { value: [] } },
  '999999999999s',
  '\u0000',
]

/** Every path of a JSON value, as the containers and keys that lead there. */
function places(value: unknown, found: [container: Record<string, unknown>, key: string][] = []) {
  if (!isObject(value) && !Array.isArray(value)) return found
  // An index is a key of an array.
  const container = value as Record<string, unknown>
  for (const key of Object.keys(container)) {
    found.push([container, key])
    places(container[key], found)
  }
  return found
}

const change = fc.record({ at: fc.nat(), odd: fc.nat(ODD.length), rename: fc.boolean() })

test('nothing that is written makes an exception', () => {
  let taken = 0
  let refused = 0
  const input = fc.tuple(fc.nat(seeds.length - 1), fc.array(change, { minLength: 1, maxLength: 4 }))
  fc.assert(
    fc.property(input, ([seed, changes]) => {
      const value: unknown = structuredClone(seeds[seed])
      for (const { at, odd, rename } of changes) {
        const all = places(value)
        const [container, key] = all[at % all.length] ?? [{}, '']
        if (rename && !Array.isArray(container)) {
          container[`${key}_`] = container[key]
          delete container[key]
        } else if (odd === ODD.length) delete container[key]
        else container[key] = structuredClone(ODD[odd])
      }
      const { items, failed, problems } = readDocument({ name: 'fleet.json', text: JSON.stringify(value), types })
      // What was refused has a reason, and what was taken has bytes.
      if (failed.length > 0) expect(problems.some((p) => p.severity === 'error')).toBe(true)
      for (const item of items) expect(asObject(decodeMessage(item.type, item.bytes, types)).error).toBeUndefined()
      taken += items.length
      refused += failed.length
    }),
    { seed: 20261121, numRuns: 600 },
  )
  expect(Math.min(taken, refused), 'both happen').toBeGreaterThan(100)
})

test('any text at all', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200, unit: 'binary' }), fc.constantFrom('clusters.yaml', 'x'), (text, name) => {
      readDocument({ name, text, types })
    }),
    { seed: 20261121, numRuns: 300 },
  )
})
