// What goes to a client: never more than its windows, everything in the end, in order, in turns.
import { array, assert, constantFrom, integer, oneof, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { createStream, type Http2Stream, type Receiver } from './http2-stream.ts'
import type { Output } from './output.ts'
import { createSending } from './sending.ts'

const HEAD = { path: '/', contentType: '', grpcTimeout: undefined, contentLength: undefined }

function setup() {
  const sent: { id: number; bytes: Buffer }[] = []
  const frames: Buffer[] = []
  const told: string[] = []
  const socket = { isClogged: false }
  const output: Output = {
    data: (id, bytes) => void sent.push({ id, bytes }),
    frame: (frame) => void frames.push(frame),
    isClogged: () => socket.isClogged,
    flush() {},
  }
  const sending = createSending(output, (stream) => void told.push(`${stream.id} ended`))
  const open = (id: number): Http2Stream => {
    const stream = createStream(id, HEAD, sending.initialWindow(), 0)
    const receiver: Receiver = {
      data() {},
      finished() {},
      drained: () => void told.push(`${id} drained`),
      ended() {},
      closed() {},
    }
    stream.receiver = receiver
    return stream
  }
  const bytesOf = (id: number): Buffer => Buffer.concat(sent.filter((one) => one.id === id).map(({ bytes }) => bytes))
  return { sent, frames, told, socket, sending, open, bytesOf }
}

test('a walk: windows are kept, and what was written arrives in order', async () => {
  const step = oneof(
    record({
      kind: constantFrom('write' as const),
      of: integer({ min: 0, max: 2 }),
      bytes: integer({ min: 1, max: 60_000 }),
    }),
    record({
      kind: constantFrom('grant' as const),
      of: integer({ min: -1, max: 2 }),
      bytes: integer({ min: 1, max: 90_000 }),
    }),
    record({ kind: constantFrom('initial' as const), of: constantFrom(0), bytes: integer({ min: 0, max: 90_000 }) }),
    record({ kind: constantFrom('clog' as const), of: constantFrom(0), bytes: constantFrom(0) }),
  )
  await assert(
    property(array(step, { maxLength: 40 }), (steps) => {
      const { sent, socket, sending, open, bytesOf } = setup()
      const streams = [1, 3, 5].map(open)
      const written = new Map<number, Buffer[]>(streams.map(({ id }) => [id, []]))
      // The model: what the client has allowed.
      let all = 65_535
      let initial = 65_535
      const allowed = new Map(streams.map(({ id }) => [id, 65_535]))
      const check = (): void => {
        expect(sent.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThanOrEqual(all)
        for (const { id } of streams)
          expect(bytesOf(id).length).toBeLessThanOrEqual(Math.max(allowed.get(id) ?? 0, high.get(id) ?? 0))
        expect(sent.every(({ bytes }) => bytes.length <= 16_384)).toBe(true)
      }
      /** A window that shrinks takes nothing back. */
      const high = new Map<number, number>()
      for (const { kind, of, bytes } of steps) {
        const stream = streams[of] as Http2Stream
        for (const { id } of streams) high.set(id, bytesOf(id).length)
        if (kind === 'write') {
          const part = Buffer.alloc(bytes, written.get(stream.id)?.length)
          written.get(stream.id)?.push(part)
          sending.write(stream, part)
        } else if (kind === 'grant') {
          if (of < 0) all += bytes
          else allowed.set(stream.id, (allowed.get(stream.id) ?? 0) + bytes)
          sending.grant(of < 0 ? undefined : stream, bytes)
        } else if (kind === 'initial') {
          for (const { id } of streams) allowed.set(id, (allowed.get(id) ?? 0) + bytes - initial)
          initial = bytes
          sending.setInitialWindow(bytes, streams)
        } else {
          socket.isClogged = !socket.isClogged
          if (!socket.isClogged) sending.unclogged()
        }
        check()
      }
      socket.isClogged = false
      sending.grant(undefined, 10_000_000)
      for (const stream of streams) sending.grant(stream, 10_000_000)
      for (const { id } of streams) expect(bytesOf(id).equals(Buffer.concat(written.get(id) ?? []))).toBe(true)
    }),
  )
})

test('streams that wait take turns', () => {
  const { sent, sending, open } = setup()
  const streams = [1, 3].map(open)
  sending.setInitialWindow(1_000_000, streams)
  sending.write(streams[0] as Http2Stream, Buffer.alloc(65_535))
  for (const stream of streams) sending.write(stream, Buffer.alloc(50_000))
  sent.length = 0
  sending.grant(undefined, 4 * 16_384)
  expect(sent.map(({ id }) => id)).toEqual([1, 3, 1, 3])
})

test('trailers come after all that was written, once, and what had to wait is told', () => {
  const { frames, told, sending, open } = setup()
  const [stream, quiet] = [1, 3].map(open) as [Http2Stream, Http2Stream]
  sending.write(stream, Buffer.alloc(70_000))
  sending.end(stream, Buffer.from('t'))
  expect([frames.length, told]).toEqual([0, []])
  sending.grant(undefined, 100_000)
  expect(told).toEqual([])
  sending.grant(stream, 100_000)
  expect([frames.length, told]).toEqual([1, ['1 drained', '1 ended']])
  sending.end(quiet, Buffer.from('t'))
  expect(told.at(-1)).toBe('3 ended')
})

test.each<[string, (sending: ReturnType<typeof createSending>, stream: Http2Stream) => boolean]>([
  ['of the connection', (sending) => sending.grant(undefined, 2 ** 31 - 1)],
  ['of a stream', (sending, stream) => sending.grant(stream, 2 ** 31 - 1)],
  [
    'of a stream, by what windows are at first',
    (sending, stream) => sending.grant(stream, 1) && sending.setInitialWindow(2 ** 31 - 1, [stream]),
  ],
])('more than a window may have: %s', (_name, act) => {
  const { sending, open } = setup()
  expect(act(sending, open(1))).toBe(false)
})
