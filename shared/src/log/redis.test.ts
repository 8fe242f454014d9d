// The Redis log keeps the promises of the port, on one real server.
import { expect, it, vi } from 'vitest'
import { describeRedis } from '../../testing/describe-redis.ts'
import type { ConfigMapObject, ObjectChange, SecretObject } from '../objects/object.ts'
import type { OpenedRedis } from '../redis/open-redis.ts'
import { logContract, put } from './object-log.contract.ts'
import type { LogEvent, LogNews, ObjectLog } from './object-log.ts'
import { createRedisLog, type RedisLogOptions } from './redis.ts'

describeRedis('redis', ({ links, newPrefix }) => {
  const open = (link: OpenedRedis, prefix: string) =>
    createRedisLog({ redis: link, prefix, claimTimeoutMs: 600, compareMs: 100, sealKey: Buffer.alloc(32, 7) })

  logContract(async () => {
    const [first, second] = links()
    const prefix = newPrefix()
    return {
      log: open(first, prefix),
      other: open(second, prefix),
      lose: async () => void (await first.commands.call('FLUSHALL')),
    }
  })

  /** A log with a leader that appends, and raw access to what stands in Redis. */
  const setUp = async (options: Partial<RedisLogOptions> = {}) => {
    const [link] = links()
    const prefix = newPrefix()
    const log = createRedisLog({ redis: link, prefix, compareMs: 100, ...options })
    const epoch = await log.elect('east')
    let base = (await log.read('east'))!.position
    const append = async (changes: readonly ObjectChange[], synced?: true) => {
      const result = await log.append({ site: 'east', epoch, base, changes, ...(synced && { synced }) })
      if (result.kind !== 'appended') throw new Error(result.kind)
      base = result.position
    }
    const open = (sealKey: Uint8Array | undefined): ObjectLog => createRedisLog({ redis: link, prefix, sealKey })
    const raw = (command: string, key: string, ...args: (string | number)[]) =>
      link.commands.callBuffer(command, `${prefix}:log:{east}:${key}`, ...args)
    return { log, append, open, raw, epoch, base }
  }
  const again = async (log: ObjectLog, name: string): Promise<void> => {
    const epoch = await log.elect('east')
    const base = (await log.read('east'))!.position
    expect(await log.append({ site: 'east', epoch, base, changes: [put(name)] })).toMatchObject({ kind: 'appended' })
  }
  const next = async (news: AsyncIterator<LogNews>): Promise<LogNews> => (await news.next()).value as LogNews

  it('tells a follower by a state that events were trimmed before it read them', async () => {
    const { log, append, raw } = await setUp()
    const news = log.follow('east', new AbortController().signal)[Symbol.asyncIterator]()
    expect(await next(news)).toMatchObject({ kind: 'state' })
    for (let i = 0; i < 5; i++) await append([put(`s${i}`)])
    await raw('XTRIM', 'events', 'MAXLEN', 2)
    const state = await next(news)
    expect(state).toMatchObject({ kind: 'state', state: { position: { n: 5 } } })
    await append([put('later')])
    expect(await next(news)).toMatchObject({ kind: 'event', event: { position: { n: 6 } } })
    await log.close()
  })
  it('tells a follower by a state that a failed-over server gave the number of a lost append to another', async () => {
    const { log, append, raw } = await setUp()
    await append([put('a')])
    const [fields] = [(await raw('HGETALL', 'head')) as Buffer[]]
    const news = log.follow('east', new AbortController().signal)[Symbol.asyncIterator]()
    await append([put('lost')])
    expect(await next(news)).toMatchObject({ state: { position: { n: 2 } } })
    await raw('HSET', 'head', ...fields.map(String))
    await raw('HDEL', 'objects', 'Service/shop/lost')
    await raw('DEL', 'events')
    await again(log, 'other')
    await again(log, 'third')
    const state = await next(news)
    const names = ['Service/shop/a', 'Service/shop/other', 'Service/shop/third']
    expect(state.kind === 'state' && new Set(state.state.objects.keys())).toEqual(new Set(names))
    await log.close()
  })
  it('does not carry an event that is too large: followers get the state, claimers an event that says so', async () => {
    const { log, append, raw } = await setUp()
    const news = log.follow('east', new AbortController().signal)[Symbol.asyncIterator]()
    await next(news)
    const claimed: LogEvent[] = []
    void log.claim('east', async (events) => void claimed.push(...events), new AbortController().signal)
    const long = 'x'.repeat(1_100_000)
    const map: ConfigMapObject = { kind: 'ConfigMap', namespace: 'a', name: 'b', labels: {}, data: { long } }
    await append([{ key: 'ConfigMap/a/b', object: map }])
    const state = await next(news)
    expect(state.kind === 'state' && state.state.objects.get('ConfigMap/a/b')).toEqual(map)
    await vi.waitFor(() => expect(claimed).toMatchObject([{ isLarge: true, changes: [], position: { n: 1 } }]))
    expect(JSON.stringify(await raw('XRANGE', 'events', '-', '+')).length).toBeLessThan(10_000)
    await log.close()
  })
  it('refuses a log of a newer format, and says so', async () => {
    const { log, append, raw } = await setUp()
    await raw('HSET', 'head', 'v', '2')
    await expect(append([put('a')])).rejects.toThrow('the log of site east has format 2, written by a newer Fleetcast')
    await expect(log.read('east')).rejects.toThrow('has format 2')
  })
  it.each([
    ['garbage', 'what', 'is not what Fleetcast writes'],
    ['half a value', '1j{"kind":', 'is not an object'],
    ['another object', `1j${JSON.stringify(put('other').object)}`, 'is not an object'],
    ['a newer format', '2j{}', 'newer Fleetcast'],
  ])('rule 2: names an object that holds %s, keeps the others, and is not synced', async (_name, value, message) => {
    const { log, append, raw } = await setUp()
    await append([put('a'), put('b')], true)
    await raw('HSET', 'objects', 'Service/shop/b', value)
    const state = (await log.read('east'))!
    expect([...state.objects.keys()]).toEqual(['Service/shop/a'])
    expect(state.synced).toBe(false)
    expect(state.problems).toMatchObject([{ place: { site: 'east', object: 'Service/shop/b' } }])
    expect(state.problems![0]!.message).toContain(message)
  })
  it('rule 8: keeps ConfigMaps and Secrets sealed, and opens them with the same key only', async () => {
    const key = Buffer.alloc(32, 1)
    const { append, open, raw } = await setUp({ sealKey: key })
    const map: ConfigMapObject = { kind: 'ConfigMap', namespace: 'a', name: 'b', labels: {}, data: { k: 'PASSWORD' } }
    const secret: SecretObject = {
      kind: 'Secret',
      namespace: 'a',
      name: 'c',
      labels: {},
      type: 'kubernetes.io/tls',
      certificate: 'CERTIFICATE',
      privateKey: 'PRIVATE',
    }
    await append([{ key: 'ConfigMap/a/b', object: map }, { key: 'Secret/a/c', object: secret }, put('s')])
    const stored = JSON.stringify(
      [await raw('HGETALL', 'objects'), await raw('XRANGE', 'events', '-', '+')],
      (_k, v) => (v?.type === 'Buffer' ? Buffer.from(v.data).toString('latin1') : v),
    )
    expect(stored).toContain('Service/shop/s')
    for (const word of ['PASSWORD', 'PRIVATE', 'CERTIFICATE']) expect(stored).not.toContain(word)
    expect((await open(key).read('east'))!.objects.get('Secret/a/c')).toEqual(secret)
    for (const wrong of [Buffer.alloc(32, 2), undefined]) {
      const state = (await open(wrong).read('east'))!
      expect([...state.objects.keys()]).toEqual(['Service/shop/s'])
      expect(state.problems!.map(({ code }) => code)).toEqual(['seal', 'seal'])
    }
  })
  it('rule 8: refuses a Secret without a key', async () => {
    const { log, append } = await setUp()
    const secret = { kind: 'Secret', namespace: 'a', name: 'c' } as SecretObject
    expect(log.acceptsSecrets).toBe(false)
    await expect(append([{ key: 'Secret/a/c', object: secret }])).rejects.toThrow("Secret/a/c can't be kept")
  })
})
