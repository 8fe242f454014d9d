// Frames on a socket: the same bytes however they were gathered, and large ones as they lie.
import type { Socket } from 'node:net'
import { array, assert, boolean, constantFrom, property, tuple } from 'fast-check'
import { expect, test } from 'vitest'
import { createOutput } from './output.ts'
import { frameOf } from './testing/raw-client.ts'

function setup() {
  const written: Buffer[] = []
  let due: (() => void) | undefined
  let flushes = 0
  const socket = { destroyed: false, writableEnded: false, writableLength: 0, cork() {}, uncork() {} }
  const write = (bytes: Buffer): void => void written.push(bytes)
  // Of a socket nothing else is asked.
  const output = createOutput({ ...socket, write } as unknown as Socket, (flush) => {
    flushes++
    due = flush
  })
  return { output, written, flush: () => due?.(), flushes: () => flushes }
}

test('whatever their sizes, the frames come out as they went in', async () => {
  await assert(
    property(array(tuple(boolean(), constantFrom(0, 1, 475, 4095, 4096, 16_384)), { maxLength: 80 }), (sizes) => {
      const { output, written, flush, flushes } = setup()
      const wanted: Buffer[] = []
      for (const [isData, size] of sizes) {
        const payload = Buffer.alloc(size, wanted.length)
        const frame = frameOf(isData ? 'data' : 'ping', 0, isData ? 2 * wanted.length + 1 : 0, payload)
        wanted.push(frame)
        if (isData) output.data(2 * wanted.length - 1, payload)
        else output.frame(frame)
      }
      expect(flushes()).toBe(sizes.length === 0 ? 0 : 1)
      expect(written).toEqual([])
      flush()
      expect(Buffer.concat(written).equals(Buffer.concat(wanted))).toBe(true)
    }),
  )
})

test('many small ones are one write, a large one is written where it lies', () => {
  const small = setup()
  for (let i = 0; i < 100; i++) small.output.data(2 * i + 1, Buffer.alloc(475))
  small.flush()
  expect(small.written.length).toBe(1)
  const shared = Buffer.alloc(16_384)
  const large = setup()
  for (let i = 0; i < 3; i++) large.output.data(2 * i + 1, shared)
  large.flush()
  expect(large.written.filter((bytes) => bytes.buffer === shared.buffer).length).toBe(3)
})

test('more than a megabyte that is not taken yet clogs it', () => {
  const { output, flush } = setup()
  for (let i = 0; i < 64; i++) output.data(1, Buffer.alloc(16_384))
  expect(output.isClogged()).toBe(true)
  flush()
  expect(output.isClogged()).toBe(false)
})
