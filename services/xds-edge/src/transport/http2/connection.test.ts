// A connection over real sockets, by clients that break the rules: what it costs them, and that it costs nobody else. What the
// RFC demands beyond this table is asked by h2spec (integration/clients).
import { connect } from 'node:http2'
import { assert, constantFrom, integer, property, record, uint8Array } from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { createManualClock } from '../../../../../shared/testing/manual-clock.ts'
import { settled } from '../testing/settled.ts'
import { ERROR, FLAG, FRAME, PREFACE, SETTING, settingsFrame, windowFrame } from './frames.ts'
import { encodeFields } from './header-fields.ts'
import { echoServer } from './testing/echo-server.ts'
import { frameOf, numberOf, type RawClient, REQUEST, rawClient, requestOf } from './testing/raw-client.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function start(options: Parameters<typeof echoServer>[0] = {}) {
  const server = await echoServer(options)
  closers.push(server.close)
  const client = (begin?: readonly Buffer[]): RawClient => {
    const one = rawClient(server.port, begin)
    closers.push(one.close)
    return one
  }
  return { server, client }
}

const END = FLAG.endHeaders | FLAG.endStream
const data = (id: number, text: string, flags = 0): Buffer => frameOf('data', flags, id, Buffer.from(text))
const open = requestOf(1)
/** A field that goes to the table, and many times the same one. */
const bomb = (): Buffer => {
  const field = encodeFields([['a', 'x'.repeat(4000)]])
  field[0] = 0x40
  return frameOf('headers', END, 1, Buffer.concat([field, Buffer.alloc(20, 0xbe)]))
}
const padded = (): Buffer => {
  const flags = FLAG.endHeaders | FLAG.padded | FLAG.priority
  const parts = [Buffer.from([2]), Buffer.alloc(5), encodeFields(REQUEST), Buffer.alloc(2)]
  return frameOf('headers', flags, 1, Buffer.concat(parts))
}
const pieces = (): Buffer => {
  const block = encodeFields(REQUEST)
  return Buffer.concat([
    frameOf('headers', 0, 1, block.subarray(0, 7)),
    frameOf('continuation', 0, 1, block.subarray(7, 9)),
    frameOf('continuation', FLAG.endHeaders, 1, block.subarray(9)),
  ])
}

describe('what ends the connection', () => {
  const rows: [string, readonly Buffer[], number][] = [
    ['no HTTP/2 at all', [Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')], ERROR.protocol],
    ['a request before the settings', [PREFACE, requestOf(1)], ERROR.protocol],
    ['DATA before the settings', [PREFACE, data(1, 'x')], ERROR.protocol],
    ['a frame over 16 KiB', [PREFACE, settingsFrame([]), frameOf('data', 0, 1, Buffer.alloc(16_385))], ERROR.frameSize],
    ['settings that are no whole entries', [PREFACE, frameOf('settings', 0, 0, Buffer.alloc(5))], ERROR.frameSize],
    ['settings of a stream', [PREFACE, frameOf('settings', 0, 1, Buffer.alloc(0))], ERROR.protocol],
    ['a window over 2^31', [PREFACE, settingsFrame([[SETTING.initialWindowSize, 2 ** 31]])], ERROR.flowControl],
    ['frames under 16 KiB', [PREFACE, settingsFrame([[SETTING.maxFrameSize, 1000]])], ERROR.protocol],
    ['a push that is neither on nor off', [PREFACE, settingsFrame([[SETTING.enablePush, 2]])], ERROR.protocol],
  ]
  const more: [string, readonly Buffer[], number][] = [
    ['a stream with an even number', [requestOf(2)], ERROR.protocol],
    ['a stream with a lower number', [requestOf(3), requestOf(1)], ERROR.streamClosed],
    ['DATA of a stream that was never opened', [data(5, 'x')], ERROR.protocol],
    [
      'a header block in pieces with another frame between',
      [requestOf(1, 0), frameOf('ping', 0, 0, Buffer.alloc(8))],
      1,
    ],
    ['a header block in pieces with DATA between', [open, requestOf(3, 0), data(1, 'x')], ERROR.protocol],
    [
      'a header block that never ends',
      [requestOf(1, 0), ...Array(20).fill(frameOf('continuation', 0, 1, Buffer.alloc(100)))],
      11,
    ],
    ['a continuation of nothing', [frameOf('continuation', FLAG.endHeaders, 1, Buffer.alloc(0))], ERROR.protocol],
    ['fields that can not be read', [frameOf('headers', END, 1, Buffer.from([0x80]))], ERROR.compression],
    ['fields of over 64 KiB', [bomb()], ERROR.enhanceYourCalm],
    ['padding longer than its frame', [open, frameOf('data', FLAG.padded, 1, Buffer.from([9, 1]))], ERROR.protocol],
    ['a window update of nothing', [windowFrame(0, 0)], ERROR.protocol],
    ['more window than there can be', [windowFrame(0, 2 ** 31 - 1)], ERROR.flowControl],
    ['a ping of seven bytes', [frameOf('ping', 0, 0, Buffer.alloc(7))], ERROR.frameSize],
    ['a push', [frameOf('pushPromise', FLAG.endHeaders, 1, Buffer.alloc(4))], ERROR.protocol],
    ['the end of a stream that was never opened', [frameOf('reset', 0, 7, numberOf(8))], ERROR.protocol],
  ]
  test.each([
    ...rows,
    ...more.map(([name, parts, code]) => [name, [PREFACE, settingsFrame([]), ...parts], code] as const),
  ])('%s', async (_name, parts, code) => {
    const { client, server } = await start()
    const good = client()
    good.send(open, data(1, 'hello'))
    const bad = client(parts)
    await expect.poll(bad.isClosed).toBe(true)
    expect(bad.goneAway()).toEqual([code])
    await expect.poll(() => good.of('data', 1).map(({ payload }) => payload.toString())).toEqual(['hello'])
    expect(good.goneAway()).toEqual([])
    await expect.poll(() => [server.connections.size, server.open.size]).toEqual([1, 1])
  })
})

describe('what ends the stream, and no other', () => {
  const rows: [string, readonly Buffer[], number][] = [
    ['a request without a path', [requestOf(3, FLAG.endHeaders, REQUEST.slice(0, 2))], ERROR.protocol],
    ['a request with two paths', [requestOf(3, FLAG.endHeaders, [...REQUEST, [':path', '/b']])], ERROR.protocol],
    ['names in capitals', [requestOf(3, FLAG.endHeaders, [...REQUEST, ['Accept', 'b']])], ERROR.protocol],
    ['a pseudo-header that is not at the start', [requestOf(3, 4, [['a', 'b'], ...REQUEST])], ERROR.protocol],
    ['a pseudo-header of a response', [requestOf(3, 4, [...REQUEST, [':status', '200']])], ERROR.protocol],
    ['a header of HTTP/1.1', [requestOf(3, 4, [...REQUEST, ['connection', 'close']])], ERROR.protocol],
    ['te with anything but trailers', [requestOf(3, 4, [...REQUEST, ['te', 'gzip']])], ERROR.protocol],
    ['a body shorter than it said', [requestOf(3, END, [...REQUEST, ['content-length', '3']])], ERROR.protocol],
    ['a body longer than it said', [requestOf(3, 4, [...REQUEST, ['content-length', '1']]), data(3, 'ab', 1)], 1],
    ['a length that is no number', [requestOf(3, 4, [...REQUEST, ['content-length', '-1']])], ERROR.protocol],
    ['trailers that do not end it', [requestOf(3), requestOf(3, 4, [['a', 'b']])], ERROR.protocol],
    ['trailers that are a head', [requestOf(3), requestOf(3, END)], ERROR.protocol],
    ['DATA after its end', [requestOf(3, END), data(3, 'a'), data(3, 'b')], ERROR.streamClosed],
    ['a window update of nothing', [requestOf(3), windowFrame(3, 0)], ERROR.protocol],
    ['more window than there can be', [requestOf(3), windowFrame(3, 2 ** 31 - 1)], ERROR.flowControl],
    ['a priority of itself', [requestOf(3), frameOf('priority', 0, 3, Buffer.from([0, 0, 0, 3, 1]))], ERROR.protocol],
    ['a priority of four bytes', [requestOf(3), frameOf('priority', 0, 3, Buffer.alloc(4))], ERROR.frameSize],
  ]
  test.each(rows)('%s', async (_name, parts, code) => {
    const { client, server } = await start()
    const one = client()
    one.send(open, ...parts, data(1, 'still here'))
    await expect.poll(() => one.resets()).toEqual({ 3: code })
    await expect.poll(() => one.of('data', 1).map(({ payload }) => payload.toString())).toEqual(['still here'])
    expect(one.goneAway()).toEqual([])
    expect([...server.open].map(({ id }) => id)).toEqual([1])
  })
})

describe('what the server says first', () => {
  test('is its settings, once the client has said something, together with the answer', async () => {
    const { client, server } = await start()
    const silent = client([])
    const one = client()
    await expect.poll(() => one.of('settings').map(({ flags }) => flags)).toEqual([0, FLAG.ack])
    expect(one.of('windowUpdate', 0)).toHaveLength(1)
    expect(silent.of('settings')).toEqual([])
    // Whatever has to be said before is said after them.
    for (const connection of server.connections) connection.close()
    await expect.poll(silent.goneAway).toEqual([ERROR.noError])
    expect(silent.of('settings')).toHaveLength(1)
    await expect.poll(silent.isClosed).toBe(true)
  })
})

describe('what is allowed', () => {
  const rows: [string, readonly Buffer[], string][] = [
    ['padding', [open, frameOf('data', FLAG.padded, 1, Buffer.from('\x03abc\0\0\0'))], 'abc'],
    ['padding and priority of a head', [padded(), data(1, 'abc')], 'abc'],
    ['a head in pieces', [pieces(), data(1, 'abc')], 'abc'],
    ['frames of types nobody knows', [open, frameOf(0x77, 255, 1, Buffer.alloc(100)), data(1, 'abc')], 'abc'],
    ['settings nobody knows', [settingsFrame([[0x99, 7]]), open, data(1, 'abc')], 'abc'],
    ['no decoder table at the client', [settingsFrame([[SETTING.headerTableSize, 0]]), open, data(1, 'abc')], 'abc'],
    ['a priority', [open, frameOf('priority', 0, 1, Buffer.from([0, 0, 0, 0, 1])), data(1, 'abc')], 'abc'],
    ['empty DATA', [open, ...Array(1000).fill(data(1, '')), data(1, 'abc')], 'abc'],
  ]
  test.each(rows)('%s', async (_name, parts, body) => {
    const { client } = await start()
    const one = client()
    one.send(...parts, frameOf('data', FLAG.endStream, 1, Buffer.alloc(0)))
    await expect.poll(() => one.of('headers', 1).length).toBe(2)
    expect(Buffer.concat(one.of('data', 1).map(({ payload }) => payload)).toString()).toBe(body)
    expect([one.resets(), one.goneAway()]).toEqual([{}, []])
  })

  test('a ping is answered with what it holds, settings with their acknowledgement', async () => {
    const { client } = await start()
    const one = client()
    one.send(frameOf('ping', 0, 0, Buffer.from('12345678')))
    await expect
      .poll(() => one.of('ping').map(({ flags, payload }) => [flags, `${payload}`]))
      .toEqual([[1, '12345678']])
    expect(one.of('settings').map(({ flags }) => flags)).toEqual([0, FLAG.ack])
  })
})

describe('limits', () => {
  test('a stream beyond those that may be open is refused, and taken when one has ended', async () => {
    const { client } = await start({ streamsMax: 2 })
    const one = client()
    one.send(requestOf(1), requestOf(3), requestOf(5))
    await expect.poll(one.resets).toEqual({ 5: ERROR.refusedStream })
    one.send(data(1, '', FLAG.endStream), requestOf(7))
    await expect.poll(() => one.of('headers', 7).length).toBe(1)
  })

  test('who changes its settings a thousand times in no time is told to be calm', async () => {
    const { client, server } = await start({ clock: createManualClock() })
    const [calm, hasty] = [client(), client()]
    const change = (): Buffer => settingsFrame([[SETTING.initialWindowSize, 1]])
    // The settings at its start count too.
    calm.send(...Array.from({ length: 999 }, change), frameOf('ping', 0, 0, Buffer.alloc(8)))
    await expect.poll(() => calm.of('ping').length).toBe(1)
    hasty.send(...Array.from({ length: 1000 }, change))
    await expect.poll(hasty.goneAway).toEqual([ERROR.enhanceYourCalm])
    expect(calm.goneAway()).toEqual([])
    await expect.poll(() => server.open.size).toBe(0)
  })

  test('who opens and resets streams for nothing is read no faster than streams are granted', async () => {
    const clock = createManualClock()
    const { client, server } = await start({ clock })
    const [hasty, calm] = [client(), client()]
    const cycle = (i: number) => [requestOf(2 * i + 1), frameOf('reset', 0, 2 * i + 1, numberOf(8))]
    hasty.send(...Array.from({ length: 300 }, (_, i) => cycle(i)).flat())
    await expect.poll(() => [server.closed(), server.open.size]).toEqual([100, 1])
    calm.send(open, data(1, 'x', FLAG.endStream))
    await expect.poll(() => calm.of('headers', 1).length).toBe(2)
    expect(server.closed()).toBe(101)
    await clock.advance(2000)
    expect([server.closed(), server.open.size]).toEqual([301, 0])
    expect(hasty.goneAway()).toEqual([])
  })

  test('more than its window is not taken from a stream that is paused, and all of it once it goes on', async () => {
    const { client, server } = await start()
    const one = client()
    one.send(open)
    await expect.poll(() => server.open.size).toBe(1)
    const [connection] = server.connections
    const [stream] = server.open
    if (connection === undefined || stream === undefined) throw new Error('no stream')
    connection.pause(stream)
    const part = frameOf('data', 0, 1, Buffer.alloc(16_384))
    one.send(...Array(16).fill(part))
    await expect.poll(() => stream.received).toBe(256 * 1024)
    expect(one.of('windowUpdate', 1)).toEqual([])
    connection.resume(stream)
    await expect.poll(() => one.of('windowUpdate', 1).length).toBe(1)
    connection.pause(stream)
    one.send(...Array(17).fill(part))
    await expect.poll(one.resets).toEqual({ 1: ERROR.flowControl })
  })

  test('a client that does not read what it asks for is not read either, until it reads', async () => {
    const { client, server } = await start()
    const one = client()
    await expect.poll(() => server.connections.size).toBe(1)
    one.pause()
    const pings = Buffer.concat(Array(10_000).fill(frameOf('ping', 0, 0, Buffer.alloc(8))))
    for (let i = 0; i < 200; i++) one.send(pings)
    // Of the 34 megabytes what this side may have waiting, and what the system keeps.
    await expect.poll(server.bytesRead).toBeGreaterThan(100_000)
    expect(await settled(server.bytesRead)).toBeLessThan(15_000_000)
    one.resume()
    await expect.poll(server.bytesRead, { timeout: 10_000 }).toBeGreaterThan(34_000_000)
  })
})

test("Node's own client, which may allow no table of fields", async () => {
  const { server } = await start()
  const session = connect(`http://127.0.0.1:${server.port}`, { settings: { headerTableSize: 0 } })
  closers.push(() => session.destroy())
  const statuses: unknown[] = []
  for (let i = 0; i < 3; i++) {
    const request = session.request({ ':method': 'POST', ':path': '/' })
    request.on('error', () => {})
    request.on('response', (headers) => void statuses.push(headers[':status']))
    request.end('abc')
    await expect.poll(() => request.closed || request.readableEnded || statuses.length > i).toBe(true)
  }
  expect(statuses).toEqual([200, 200, 200])
})

test('in the end: no new stream, those that are there go on, then the connection ends', async () => {
  const { client, server } = await start()
  const one = client()
  one.send(open)
  await expect.poll(() => server.open.size).toBe(1)
  for (const connection of server.connections) connection.close()
  await expect.poll(one.goneAway).toEqual([ERROR.noError])
  one.send(requestOf(3), data(1, 'abc', FLAG.endStream))
  await expect.poll(one.isClosed).toBe(true)
  expect(one.resets()).toEqual({ 3: ERROR.refusedStream })
  expect(one.of('data', 1).map(({ payload }) => payload.toString())).toEqual(['abc'])
  expect(one.of('headers', 1).length).toBe(2)
})

test('whatever comes, nothing throws, and nothing is left once the client has gone', async () => {
  const { client, server } = await start()
  const anyFrame = record({
    type: constantFrom(...Object.values(FRAME), 0x42),
    flags: constantFrom(0, 1, 4, 5, 8, 12, 0x20, 0x2d),
    id: constantFrom(0, 1, 1, 3, 5, 2, 0x7fffffff),
    payload: uint8Array({ maxLength: 40 }),
    cut: integer({ min: 0, max: 8 }),
  })
  let clients = 0
  await assert(
    property(uint8Array({ maxLength: 30 }), anyFrame, anyFrame, anyFrame, (noise, ...frames) => {
      const one = client()
      clients++
      one.send(open, data(1, 'abc'))
      for (const { type, flags, id, payload, cut } of frames) {
        const bytes = frameOf(type, flags, id, Buffer.from(payload))
        one.send(cut === 0 ? bytes.subarray(0, -1) : bytes)
      }
      one.send(Buffer.from(noise))
    }),
    { numRuns: 300 },
  )
  await expect.poll(() => server.closed()).toBeGreaterThan(0)
  for (const close of closers.splice(1)) close()
  await expect.poll(() => [server.connections.size, server.open.size]).toEqual([0, 0])
  expect(clients).toBe(300)
  // The server still serves.
  const good = client()
  good.send(open, data(1, 'hello', FLAG.endStream))
  await expect.poll(() => good.of('headers', 1).length).toBe(2)
})

test('of the streams of a client that goes, however many, each is closed once', async () => {
  const { server, client } = await start()
  const [leaver, stayer] = [client(), client()]
  leaver.send(...Array.from({ length: 100 }, (_, i) => requestOf(2 * i + 1)))
  stayer.send(open)
  await expect.poll(() => server.open.size).toBe(101)
  leaver.close()
  await expect.poll(() => [server.closed(), server.open.size, server.connections.size]).toEqual([100, 1, 1])
})
