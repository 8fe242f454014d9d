// Blocks of fields that come again: what they say then.
import { expect, test } from 'vitest'
import { createFieldDecoder } from './header-fields.ts'
import { createBlockReader } from './request-head.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const createReader = () => {
  const read = createBlockReader(createFieldDecoder(16_000))
  return (block: string) => {
    const found = read(hex(block))
    return typeof found === 'string' ? found : found.fields.map(({ name, value }) => `${name}: ${value}`)
  }
}

test('a block that comes again is read once', () => {
  const read = createBlockReader(createFieldDecoder(16_000))
  const head = '82 86 84'
  const first = read(hex(head))
  expect(first).toMatchObject({ head: { path: '/' } })
  expect(read(hex(head))).toBe(first)
  expect(read(hex('83 86 84'))).not.toBe(first)
})

test('it says something else where the table has changed meanwhile', () => {
  const read = createReader()
  const [put, putOther, newest, none] = ['40 01 61 01 62', '40 01 63 01 64', 'be', '20']
  const said = [put, newest, newest, putOther, newest, newest, none, newest].map(read)
  expect(said).toEqual([['a: b'], ['a: b'], ['a: b'], ['c: d'], ['c: d'], ['c: d'], [], 'broken'])
})

test('a block that changes the table does it each time', () => {
  const read = createReader()
  const said = ['40 01 61 01 62', '40 01 61 01 62', 'bf be'].map(read)
  expect(said).toEqual([['a: b'], ['a: b'], ['a: b', 'a: b']])
})
