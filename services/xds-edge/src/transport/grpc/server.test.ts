// The gRPC server against grpc-js as its client, over real sockets: statuses, half-close, deadlines, floods, draining.
import { connect } from 'node:http2'
import { systemClock } from '@fleetcast/shared/runtime/clock'
import { silentLogger } from '@fleetcast/shared/runtime/logger'
import { Client, type ClientDuplexStream, credentials, Metadata, type StatusObject } from '@grpc/grpc-js'
import { afterEach, describe, expect, test } from 'vitest'
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

async function start(limits: Partial<GrpcLimits> = {}): Promise<{ server: GrpcServer; client: Client; port: number }> {
  const server = createGrpcServer({
    listen: { host: '127.0.0.1', port: 0 },
    methods: [echo],
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
    limits,
  })
  const { port } = await server.start()
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
  closers.push(
    () => client.close(),
    () => void server.drain(0),
  )
  return { server, client, port }
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
  const { client } = await start({ pace: { perSecond: 2000, burst: 10 } })
  const call = talk(client)
  for (let i = 0; i < 300; i++) call.write(Buffer.from(`${i}`))
  call.end()
  const { messages } = await outcome(call)
  expect(messages).toEqual(Array.from({ length: 300 }, (_, i) => `${i}`))
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
