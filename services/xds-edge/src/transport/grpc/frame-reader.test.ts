// Messages out of chunks that fall anywhere, and what a reader holds meanwhile.
import { array, assert, integer, property } from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { createFrameReader, type FrameReader, type Intake } from './frame-reader.ts'

const frameOf = (length: number, seed: number): Buffer => {
  const out = Buffer.alloc(5 + length, seed)
  out[0] = 0
  out.writeUInt32BE(length, 1)
  return out
}
const intakeOf = (heldBytesMax: number): Intake => ({ heldBytes: 0, heldBytesMax })
const all = (reader: FrameReader): Buffer[] => {
  const found: Buffer[] = []
  for (let one = reader.next(); one !== undefined; one = reader.next()) found.push(Buffer.from(one))
  return found
}

test('however the chunks fall, the messages are the same and nothing is left', async () => {
  await assert(
    property(
      array(integer({ min: 0, max: 20_000 }), { maxLength: 8 }),
      array(integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 20 }),
      (lengths, cuts) => {
        const intake = intakeOf(1e9)
        const reader = createFrameReader(20_000, intake)
        const bytes = Buffer.concat(lengths.map(frameOf))
        const found: Buffer[] = []
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const cut = cuts[i % cuts.length] as number
          reader.push(bytes.subarray(at, at + cut))
          at += cut
          if (i % 3 === 0) found.push(...all(reader))
        }
        found.push(...all(reader))
        expect(found.map((one, i) => one.equals(frameOf(lengths[i] as number, i).subarray(5)))).toEqual(
          lengths.map(() => true),
        )
        expect(intake.heldBytes).toBe(0)
      },
    ),
  )
})

test('a message that comes byte by byte costs about its bytes', () => {
  const reader = createFrameReader(1e6, intakeOf(1e9))
  const bytes = frameOf(300_000, 7)
  const before = process.memoryUsage().arrayBuffers
  for (const byte of bytes.subarray(0, 299_000)) reader.push(Buffer.from([byte]))
  // Each byte as a chunk of its own would be some 100 bytes outside of the array buffers, too.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2_000_000)
  reader.push(bytes.subarray(299_000))
  expect(reader.next()?.length).toBe(300_000)
})

test('what waits is not copied for each message that is taken', () => {
  const concat = vi.spyOn(Buffer, 'concat')
  const reader = createFrameReader(1e6, intakeOf(1e9))
  for (let i = 0; i < 40; i++) reader.push(frameOf(5000, i))
  for (let i = 0; i < 500; i++) {
    reader.push(frameOf(5000, i))
    expect(reader.next()?.length).toBe(5000)
  }
  const copied = concat.mock.results.reduce((sum, { value }) => sum + (Buffer.isBuffer(value) ? value.length : 0), 0)
  concat.mockRestore()
  expect(copied).toBe(0)
})

describe('faults', () => {
  test.each<[string, Buffer, string]>([
    ['compressed', Buffer.from([1, 0, 0, 0, 0]), 'compressed'],
    ['over the limit', Buffer.from([0, 0, 1, 0, 0]), 'large'],
    ['no frame at all', Buffer.from('GET / HTTP/1.1'), 'compressed'],
    ['more than all may hold', Buffer.alloc(3000), 'crowded'],
  ])('%s', (_name, chunk, fault) => {
    const intake = intakeOf(2500)
    const reader = createFrameReader(1000, intake)
    reader.push(chunk)
    expect([reader.next(), reader.fault(), intake.heldBytes]).toEqual([undefined, fault, 0])
    reader.push(frameOf(3, 1))
    expect(reader.next()).toBeUndefined()
  })

  test('what one stream holds is missing for others until it is gone', () => {
    const intake = intakeOf(2500)
    const [one, other, third] = [1, 2, 3].map(() => createFrameReader(4000, intake)) as [
      FrameReader,
      FrameReader,
      FrameReader,
    ]
    one.push(frameOf(3000, 1).subarray(0, 2000))
    other.push(frameOf(3000, 1).subarray(0, 1000))
    expect(other.fault()).toBe('crowded')
    one.close()
    third.push(frameOf(2000, 1))
    expect(third.next()?.length).toBe(2000)
  })
})
