// Frames out of chunks that fall anywhere.
import { array, assert, boolean, constantFrom, integer, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { createFrameCutter } from './frame-cutter.ts'
import { FLAG, FRAME, PREFACE } from './frames.ts'
import { frameOf } from './testing/raw-client.ts'

/** What a cutter made of the chunks: DATA joined again. `pauses`: it pauses after what it hands on, and goes on at a later chunk. */
function cut(chunks: readonly Buffer[], pauses: readonly boolean[] = [false]) {
  const found: string[] = []
  let body = ''
  let handedOn = 0
  let isPaused = false
  const hand = (): void => {
    expect(isPaused).toBe(false)
    isPaused = pauses[handedOn++ % pauses.length] ?? false
    if (isPaused) cutter.pause()
  }
  const goOn = (): void => {
    isPaused = false
    cutter.goOn()
  }
  const cutter = createFrameCutter({
    frame(type, flags, id, payload) {
      found.push(`${type} ${flags} ${id} ${payload.toString('hex')}`)
      hand()
    },
    data(id, flags, bytes, isLast) {
      body += bytes.toString('hex')
      if (isLast) {
        found.push(`0 ${flags} ${id} ${body}`)
        body = ''
      }
      hand()
    },
    noPreface: () => void found.push('no preface'),
    tooLarge: () => void found.push('too large'),
  })
  for (const [i, chunk] of chunks.entries()) {
    if (i % 3 === 2) goOn()
    cutter.push(chunk)
  }
  while (isPaused) goOn()
  return found
}

function chunksOf(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = cuts[i % cuts.length] ?? 1
    chunks.push(bytes.subarray(at, at + size))
    at += size
  }
  return chunks
}

test('however the chunks fall, the frames are the same', async () => {
  const frame = record({
    type: constantFrom(FRAME.data, FRAME.data, FRAME.headers, FRAME.ping, 0x99),
    isPadded: boolean(),
    id: integer({ min: 0, max: 2 ** 31 - 1 }),
    length: constantFrom(0, 1, 8, 9, 10, 300, 16_384),
  })
  await assert(
    property(
      array(frame, { maxLength: 6 }),
      array(integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 20 }),
      array(boolean(), { minLength: 1, maxLength: 5 }),
      (frames, cuts, pauses) => {
        const wanted = frames.map(({ type, isPadded, id, length }, i) => {
          const flags = isPadded ? FLAG.padded : 0
          const payload = Buffer.alloc(length, i + 1)
          return { text: `${type} ${flags} ${id} ${payload.toString('hex')}`, bytes: frameOf(type, flags, id, payload) }
        })
        const bytes = Buffer.concat([PREFACE, ...wanted.map((one) => one.bytes)])
        expect(cut(chunksOf(bytes, cuts), pauses)).toEqual(wanted.map(({ text }) => text))
      },
    ),
  )
})

test.each<[string, Buffer, string[]]>([
  ['another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n'), ['no preface']],
  ['another protocol, whose start is the same', Buffer.from('PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n'), ['no preface']],
  ['a frame over 16 KiB', Buffer.concat([PREFACE, frameOf('ping', 0, 0, Buffer.alloc(16_385))]), ['too large']],
])('after a fault nothing is handed on: %s', (_name, bytes, found) => {
  const more = frameOf('ping', 0, 0, Buffer.alloc(8))
  expect(cut([bytes, more])).toEqual(found)
  expect(cut([...chunksOf(bytes, [1]), more])).toEqual(found)
})
