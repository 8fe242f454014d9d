import { expect, test } from 'vitest'
import { readDocument } from '../document.ts'
import { createEnvoyTypes } from '../types.ts'
import { YAML_CASES } from './yaml-cases.ts'

const types = createEnvoyTypes()

test.each(YAML_CASES)('$what: $ours', ({ yaml, ours }) => {
  const errors = readDocument({ name: 'envoy.yaml', text: yaml, types }).problems.filter((p) => p.severity === 'error')
  expect(errors.length > 0 ? 'refuses' : 'accepts', errors.map((p) => p.message).join('; ')).toBe(ours)
  expect(errors.every((p) => (p.place.line ?? 0) > 0)).toBe(true)
})
