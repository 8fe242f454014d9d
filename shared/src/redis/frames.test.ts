// Frames come back as they were, and what is none is told.
import { expect, it } from 'vitest'
import { frame, unframe } from './frames.ts'

it.each([[[]], [['']], [['a', '', 'bc']], [['x'.repeat(70_000), 'ü\n']]])('%# comes back', (texts) => {
  const parts = (texts as string[]).map((text) => Buffer.from(text))
  expect(unframe(frame(parts))).toEqual(parts)
})

it.each([
  ['half a length', [0, 0, 0]],
  ['a length without its part', [0, 0, 0, 9, 1]],
  ['something behind', [0, 0, 0, 1, 7, 0]],
])('%s is none', (_name, bytes) => {
  expect(unframe(Buffer.from(bytes))).toBeUndefined()
})
