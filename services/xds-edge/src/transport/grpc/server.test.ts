// The gRPC server against grpc-js as its client, over real sockets: statuses, half-close, deadlines, floods, draining.
import { once } from 'node:events'
import { connect, constants } from 'node:http2'
import { type Clock, systemClock } from '@fleetcast/shared/runtime/clock'
import { silentLogger } from '@fleetcast/shared/runtime/logger'
import { Client, type ClientDuplexStream, credentials, Metadata, type StatusObject } from '@grpc/grpc-js'
import { afterEach, describe, expect, test } from 'vitest'
import { FLAG } from '../http2/frames.ts'
import { frameOf as http2Frame, REQUEST, rawClient, requestOf } from '../http2/testing/raw-client.ts'
import { settled } from '../testing/settled.ts'
import type { Method, Outlet } from './call.ts'
import { createGrpcServer, type GrpcLimits, type GrpcServer } from './server.ts'

type Call = ClientDuplexStream<Buffer, Buffer>

const frameOf = (text: string): Buffer => {
  const out = Buffer.alloc(5 + text.length)
  out.writeUInt32BE(text.length, 1)
  out.write(text, 5)
  return out
}

/** Answers each message with itself; `end NAME` ends the stream with that status. */
const echo: Method = {
  path: '/test.Echo/Talk',
  open: (outlet: Outlet) => ({
    message(bytes) {
      const text = bytes.toString()
      if (text === 'deny') outlet.end('PERMISSION_DENIED', 'no: 100 %, ä')
      else outlet.write(frameOf(text))
    },
    finished: () => outlet.end('OK', ''),
    closed: () => {},
  }),
}

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

interface Started {
  readonly server: GrpcServer
  readonly client: Client
  readonly port: number
  /** Reasons of the warnings. */
  readonly warned: string[]
  /** Messages that the method was given. */
  readonly heard: () => number
}

async function start(limits: Partial<GrpcLimits> = {}, clock: Clock = systemClock): Promise<Started> {
  const warned: string[] = []
  const warn = (fields: object): void => void warned.push('reason' in fields ? String(fields.reason) : '')
  let heard = 0
  const listening: Method = {
    path: echo.path,
    open(outlet) {
      const inlet = echo.open(outlet)
      const message = (bytes: Buffer): void => {
        heard++
        inlet.message(bytes)
      }
      return { ...inlet, message }
    },
  }
  const server = createGrpcServer({
    listen: { host: '127.0.0.1', port: 0 },
    methods: [listening],
    clock,
    random: Math.random,
    logger: { ...silentLogger, warn },
    limits,
  })
  const { port } = await server.start()
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
  closers.push(
    () => client.close(),
    () => void server.drain(0),
  )
  return { server, client, port, warned, heard: () => heard }
}

const same = (bytes: Buffer): Buffer => bytes
const talk = (client: Client, path = echo.path, deadline?: number): Call => {
  const call = client.makeBidiStreamRequest(
    path,
    same,
    same,
    new Metadata(),
    deadline === undefined ? {} : { deadline },
  )
  // Its `status` says all.
  call.on('error', () => {})
  return call
}

/** All that came, and how it ended. */
function outcome(call: Call): Promise<{ messages: string[]; status: StatusObject }> {
  const messages: string[] = []
  return new Promise((resolve) => {
    call.on('data', (bytes: Buffer) => messages.push(bytes.toString()))
    call.on('status', (status) => resolve({ messages, status }))
  })
}

const firstMessage = (call: Call): Promise<string> =>
  new Promise((resolve) => call.once('data', (bytes: Buffer) => resolve(bytes.toString())))

test('the head of the response goes with the first message, or with the status where there is none', async () => {
  const { port } = await start()
  const client = rawClient(port)
  closers.push(client.close)
  const request = [
    ...REQUEST.slice(0, 2),
    [':path', echo.path],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
  ] as const
  const data = (id: number, text: string): Buffer => http2Frame('data', 0, id, frameOf(text))
  client.send(requestOf(1, FLAG.endHeaders, request), requestOf(3, FLAG.endHeaders, request), data(3, 'deny'))
  await expect.poll(() => client.of('headers', 3).map(({ flags }) => flags)).toEqual([FLAG.endHeaders | FLAG.endStream])
  expect(client.of('headers', 1)).toEqual([])
  client.send(data(1, 'a'), http2Frame('data', FLAG.endStream, 1, Buffer.alloc(0)))
  await expect
    .poll(() => client.of('headers', 1).map(({ flags }) => flags))
    .toEqual([FLAG.endHeaders, FLAG.endHeaders | FLAG.endStream])
  expect(client.of('data', 1).map(({ payload }) => payload)).toEqual([frameOf('a')])
})

describe('how a stream ends', () => {
  const rows: [string, (call: Call) => void, string[], number, string][] = [
    ['half-close ends it in order', (call) => call.end(Buffer.from('a')), ['a'], 0, ''],
    ['a status carries any text', (call) => call.write(Buffer.from('deny')), [], 7, 'no: 100 %, ä'],
    ['empty messages are messages', (call) => call.end(Buffer.alloc(0)), [''], 0, ''],
    ['a message over the limit', (call) => call.write(Buffer.alloc(2000)), [], 8, 'a message may have 1000 bytes'],
  ]
  test.each(rows)('%s', async (_name, act, messages, code, details) => {
    const { client } = await start({ messageBytesMax: 1000 })
    const call = talk(client)
    act(call)
    const { messages: got, status } = await outcome(call)
    expect([got, status.code, status.details]).toEqual([messages, code, details])
  })

  test('an unknown rpc is UNIMPLEMENTED', async () => {
    const { client } = await start()
    const { status } = await outcome(talk(client, '/test.Echo/Other'))
    expect(status.code).toBe(12)
  })

  test('a deadline ends it', async () => {
    const { client, server } = await start()
    const { status } = await outcome(talk(client, echo.path, Date.now() + 50))
    expect(status.code).toBe(4)
    await expect.poll(() => server.streamCount()).toBe(0)
  })

  test('a client that leaves is forgotten', async () => {
    const { client, server } = await start()
    const calls = Array.from({ length: 20 }, () => talk(client))
    for (const call of calls) call.write(Buffer.from('x'))
    await Promise.all(calls.map(firstMessage))
    expect(server.streamCount()).toBe(20)
    for (const call of calls) call.cancel()
    await expect.poll(() => server.streamCount()).toBe(0)
  })
})

test('large messages pass both ways', async () => {
  const { client } = await start()
  const call = talk(client)
  call.write(Buffer.alloc(6_000_000, 'x'))
  call.end()
  const { status } = await outcome(call)
  // grpc-js itself refuses to read more than 4 MiB: the answer arrived.
  expect(status.code).toBe(8)
})

test('a flood on one stream that has to wait loses nothing', async () => {
  const { client } = await start({ pace: { perSecond: 2000, burst: 10, perWorkMs: 0 } })
  const call = talk(client)
  for (let i = 0; i < 300; i++) call.write(Buffer.from(`${i}`))
  call.end()
  const { messages } = await outcome(call)
  expect(messages).toEqual(Array.from({ length: 300 }, (_, i) => `${i}`))
})

describe('a client that does not read', () => {
  /** Writes messages until it is told to stop, and reads nothing before it is told to. */
  const deaf = async (port: number) => {
    const session = connect(`http://127.0.0.1:${port}`)
    closers.push(() => session.destroy())
    // With the first unread byte of an answer Node reads nothing more of the connection.
    await once(session, 'remoteSettings')
    const stream = session.request({
      ':method': 'POST',
      ':path': echo.path,
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    stream.on('error', () => {})
    return stream
  }
  const bytesEach = 10_000
  const count = 1000

  test('is not read either, until it reads: then it has everything', async () => {
    const { port, warned, heard } = await start({ pace: { perSecond: 1e6, burst: 1e6, perWorkMs: 0 } })
    const stream = await deaf(port)
    const frame = frameOf('x'.repeat(bytesEach))
    for (let i = 0; i < count; i++) stream.write(frame)
    // What is neither read here nor answered there stays with the client: the windows of both sides and one megabyte.
    await expect.poll(heard).toBeGreaterThan(50)
    expect(await settled(heard)).toBeLessThan(200)
    let answered = 0
    stream.on('data', (chunk: Buffer) => {
      answered += chunk.length
    })
    await expect.poll(() => answered).toBe(count * frame.length)
    expect(warned).toEqual([])
  })

  test('ends all the same when the server says so', async () => {
    const { port, server } = await start()
    const stream = await deaf(port)
    stream.write(frameOf('x'.repeat(500_000)))
    stream.write(frameOf('deny'))
    stream.end()
    await expect.poll(() => server.streamCount()).toBe(1)
    stream.close()
    await expect.poll(() => server.streamCount()).toBe(0)
  })
})

describe('limits are logged once for each host and limit', () => {
  test.each<[string, Partial<GrpcLimits>, (call: Call) => void, string]>([
    ['a large message', { messageBytesMax: 1000 }, (call) => call.write(Buffer.alloc(2000)), 'a message may have 1000'],
    ['too much that is half here', { intakeBytesMax: 1000 }, (call) => call.write(Buffer.alloc(60_000)), 'too much of'],
  ])('%s', async (_name, limits, act, reason) => {
    const { client, warned } = await start(limits)
    for (let i = 0; i < 3; i++) {
      const call = talk(client)
      act(call)
      expect((await outcome(call)).status.code).toBe(8)
    }
    expect(warned).toEqual([expect.stringContaining(reason)])
  })

  test('a flood', async () => {
    const { client, warned } = await start({ pace: { perSecond: 2000, burst: 10, perWorkMs: 0 } })
    const call = talk(client)
    for (let i = 0; i < 100; i++) call.write(Buffer.from('x'))
    call.end()
    expect((await outcome(call)).messages.length).toBe(100)
    expect(warned).toEqual(['it asks faster than one stream is read'])
  })
})

test('a thousand streams on one connection are all served, again after others left', async () => {
  const tenfold: Clock = {
    now: () => systemClock.now() * 10,
    after: (delayMs, run) => systemClock.after(delayMs / 10, run),
  }
  const { client, server } = await start({}, tenfold)
  for (let round = 0; round < 2; round++) {
    const calls = Array.from({ length: 1000 }, () => talk(client))
    for (const call of calls) call.write(Buffer.from('x'))
    expect(new Set(await Promise.all(calls.map(firstMessage)))).toEqual(new Set(['x']))
    expect(server.streamCount()).toBe(1000)
    for (const call of calls) call.cancel()
    await expect.poll(() => server.streamCount()).toBe(0)
  }
})

test.each([
  ['no error', constants.NGHTTP2_NO_ERROR],
  ['cancelled', constants.NGHTTP2_CANCEL],
])('nothing is left of streams that are reset while they are answered: %s', async (_name, code) => {
  const { port, server, heard } = await start()
  const session = connect(`http://127.0.0.1:${port}`)
  closers.push(() => session.destroy())
  for (let i = 0; i < 90; i++) {
    const stream = session.request({
      ...{ ':method': 'POST', ':path': echo.path, 'content-type': 'application/grpc', te: 'trailers' },
    })
    stream.on('error', () => {})
    stream.write(frameOf('x'))
    process.nextTick(() => stream.close(code))
  }
  await expect.poll(heard).toBeGreaterThan(0)
  await expect.poll(() => server.streamCount()).toBe(0)
})

describe('draining', () => {
  test('rule 92: a stream that had an answer ends with OK, another one with UNAVAILABLE', async () => {
    const { client, server } = await start()
    const answered = talk(client)
    answered.write(Buffer.from('a'))
    const ends = [outcome(answered)]
    await firstMessage(answered)
    const silent = talk(client)
    ends.push(outcome(silent))
    await expect.poll(() => server.streamCount()).toBe(2)
    await server.drain(20)
    expect((await Promise.all(ends)).map(({ status }) => status.code)).toEqual([0, 14])
    expect(server.streamCount()).toBe(0)
  })

  test('nothing new is accepted', async () => {
    const { server, port } = await start()
    await server.drain(0)
    const late = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
    closers.push(() => late.close())
    const { status } = await outcome(talk(late))
    expect(status.code).toBe(14)
  })
})

test('what is no gRPC is refused without harm', async () => {
  const { client, port } = await start()
  const session = connect(`http://127.0.0.1:${port}`)
  closers.push(() => session.destroy())
  const request = session.request({ ':method': 'GET', ':path': '/' })
  const status = await new Promise((resolve) => request.on('response', (headers) => resolve(headers[':status'])))
  expect(status).toBe(415)
  const call = talk(client)
  call.write(Buffer.from('still here'))
  expect(await firstMessage(call)).toBe('still here')
  call.cancel()
})
