import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { systemClock } from '@fleetcast/shared/runtime/clock'
import { afterEach, describe, expect, it } from 'vitest'
import type { Credentials } from './credentials.ts'
import { openPool, type Pool } from './pool.ts'

const servers: Server[] = []
const pools: Pool[] = []
afterEach(() => {
  for (const pool of pools.splice(0)) pool.destroy()
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

async function serve(answer: RequestListener): Promise<URL> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/path?a=b`)
}

async function open(url: URL, given: Partial<Credentials> = {}): Promise<Pool> {
  const pool = await openPool({ server: url.origin, headers: {}, tls: {}, fingerprint: '', ...given }, systemClock)
  pools.push(pool)
  return pool
}

const get = (signal = new AbortController().signal) =>
  ({ method: 'GET', headers: {}, body: undefined, signal }) as const

describe.each([['straight'], ['by a proxy']])('a pool, %s', (way) => {
  // A server of plain text is its own proxy: it is asked for a whole URL then.
  const openWay = (url: URL) => open(url, way === 'straight' ? {} : { proxy: url.origin })

  it('sends method, path, headers and body, and gives the answer as it is', async () => {
    const url = await serve(async (request, response) => {
      response.statusCode = 409
      response.setHeader('retry-after', '7')
      response.end(`${request.method} ${request.url} ${request.headers['x-a']} ${await text(request)}`)
    })
    const wanted = { ...get(), method: 'PUT', headers: { 'x-a': 'b' }, body: 'hello' } as const
    const answer = await (await openWay(url)).send(url, wanted)
    expect([answer.status, answer.headers['retry-after']]).toEqual([409, '7'])
    expect(await text(answer.body)).toBe(`PUT ${way === 'straight' ? '/path?a=b' : url.href} b hello`)
  })

  it('fails with the reason of the signal, before the answer and within it', async () => {
    const stop = new AbortController()
    const reason = new Error('it was enough')
    const url = await serve((request, response) => {
      if (request.headers['x-half'] !== undefined) return void response.write('half')
      stop.abort(reason)
    })
    const pool = await openWay(url)
    await expect(pool.send(url, get(stop.signal))).rejects.toBe(reason)
    const later = new AbortController()
    const { body } = await pool.send(url, { ...get(later.signal), headers: { 'x-half': '' } })
    body.once('data', () => later.abort(reason))
    await expect(text(body)).rejects.toBe(reason)
  })

  it('lets what is under way end when it retires', async () => {
    const url = await serve((_, response) => {
      response.write('begun ')
      finish = () => response.end('ended')
    })
    let finish = (): void => undefined
    const pool = await openWay(url)
    const { body } = await pool.send(url, get())
    pool.retire()
    finish()
    expect(await text(body)).toBe('begun ended')
  })
})

it('does not wait for an answer for ever', async () => {
  const url = await serve(() => undefined)
  const due: { delayMs: number; run: () => void }[] = []
  const clock = {
    now: () => 0,
    after(delayMs: number, run: () => void) {
      due.push({ delayMs, run })
      return () => undefined
    },
  }
  const pool = await openPool({ server: url.origin, headers: {}, tls: {}, fingerprint: '' }, clock)
  const sent = pool.send(url, get())
  await expect.poll(() => due.length).toBe(2)
  due[1]?.run()
  await expect(sent).rejects.toThrow('no answer within 30 s')
  expect(due.map(({ delayMs }) => delayMs)).toEqual([10_000, 30_000])
})
