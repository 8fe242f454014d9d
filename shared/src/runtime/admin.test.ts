import { afterEach, describe, expect, test } from 'vitest'
import { formatAddress } from './address.ts'
import { type Admin, type AdminOptions, createAdmin } from './admin.ts'
import { silentLogger } from './logger.ts'
import { createMetrics } from './metrics.ts'

let open: Admin[] = []
afterEach(async () => {
  await Promise.all(open.map((admin) => admin.close()))
  open = []
})

async function start(options: Partial<AdminOptions> = {}) {
  const metrics = createMetrics()
  metrics.counter('fleetcast_things_total', 'things').inc()
  const admin = await createAdmin({
    address: { host: '127.0.0.1', port: 0 },
    logger: silentLogger,
    metrics,
    missing: () => [],
    status: () => ({ fine: true }),
    ...options,
  })
  open.push(admin)
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(`http://${formatAddress(admin.address)}${path}`, init)
    return { code: response.status, type: response.headers.get('content-type'), body: await response.text() }
  }
  return { admin, ask }
}

const post = (body: unknown, type = 'application/json'): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': type },
  body: JSON.stringify(body),
})

const waiting: Partial<AdminOptions> = { missing: () => ['redis: connection refused', 'site a: not synced'] }
const asking: Partial<AdminOptions> = {
  questions: {
    '/nodes': (query) => ({ fleet: query.fleet }),
    '/none': () => undefined,
    '/broken': () => {
      throw new Error('the store is gone')
    },
  },
  orders: { '/rollback': (query) => ({ revision: query.revision }) },
}

const rows: [
  name: string,
  options: Partial<AdminOptions>,
  path: string,
  init: RequestInit | undefined,
  code: number,
  body: RegExp,
][] = [
  ['alive', waiting, '/livez', undefined, 200, /^ok\n$/],
  ['ready', {}, '/readyz', undefined, 200, /^ok\n$/],
  ['not ready, and why', waiting, '/readyz', undefined, 503, /^redis: connection refused\nsite a: not synced\n$/],
  ['metrics', {}, '/metrics', undefined, 200, /fleetcast_things_total 1/],
  ['status', {}, '/status', undefined, 200, /"fine": true/],
  ['a question', asking, '/nodes?fleet=shop', undefined, 200, /"fleet": "shop"/],
  ['no such thing', asking, '/none', undefined, 404, /not found/],
  ['no such path', asking, '/nothing', undefined, 404, /not found/i],
  ['a question that fails', asking, '/broken', undefined, 500, /the store is gone/],
  ['an order', asking, '/rollback', post({ revision: 4 }), 200, /"revision": "4"/],
  ['an order by GET', asking, '/rollback', undefined, 404, /./],
  ['a question by POST', asking, '/nodes', post({ fleet: 'shop' }), 404, /./],
  ['an order that is no JSON', asking, '/rollback', { ...post({}), body: '{' }, 400, /no JSON/],
  ['an order that is too long', asking, '/rollback', post({ a: 'x'.repeat(70_000) }), 413, /65536/],
  ['a name of every object', asking, '/toString', undefined, 404, /not found/],
  ['a path that is none', asking, '//', undefined, 404, /not found/],
  ['an order from a form', asking, '/rollback', post({ revision: 4 }, 'text/html'), 415, /./],
]

describe('admin', () => {
  test.each(rows)('%s', async (_name, options, path, init, code, body) => {
    const { ask } = await start(options)
    const answer = await ask(path, init)
    expect(answer.body).toMatch(body)
    expect(answer.code).toBe(code)
  })

  test('a taken port names the flag', async () => {
    const { admin } = await start()
    const busy = formatAddress(admin.address)
    await expect(start({ address: admin.address })).rejects.toThrow(
      `--admin: ${busy} is in use; choose another address with --admin`,
    )
  })

  test('an address of another machine names the flag', async () => {
    await expect(start({ address: { host: '192.0.2.1', port: 0 } })).rejects.toThrow('--admin: 192.0.2.1:0 is not an')
  })
})
