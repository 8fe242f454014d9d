// The Redis store keeps the promises of the port, on one real server.
import { expect, it, vi } from 'vitest'
import { describeRedis } from '../../testing/describe-redis.ts'
import type { OpenedRedis } from '../redis/open-redis.ts'
import { digestOf } from '../resources/digest.ts'
import { resource } from '../resources/resource.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { createRedisStore, type RedisStoreOptions } from './redis.ts'
import { entry, follower, storeContract } from './set-store.contract.ts'
import type { Entry } from './set-store.ts'

describeRedis('redis', ({ links, newPrefix }) => {
  storeContract(async () => {
    const [first, second] = links()
    const prefix = newPrefix()
    let passed = 0
    const clock: Clock = { now: () => systemClock.now() + passed, after: systemClock.after }
    const open = (redis: OpenedRedis) =>
      createRedisStore({ redis, prefix, clock, compareMs: 300, sealKey: Buffer.alloc(32, 7) })
    return {
      store: open(first),
      other: open(second),
      lose: async () => void (await first.commands.call('FLUSHALL')),
      passSeconds: async (seconds) => {
        passed += seconds * 1_000
      },
    }
  })

  const SET = 'fleet/edge'
  const setUp = async (options: Partial<RedisStoreOptions> = {}) => {
    const [redis] = links()
    const prefix = newPrefix()
    const store = createRedisStore({ redis, prefix, compareMs: 100, ...options })
    const { id } = await store.createGeneration()
    await store.seal(id)
    const commit = (base: number, ...put: Entry[]) =>
      store.commit({ set: SET, generation: id, base, positions: {}, change: { put, remove: [] } })
    const open = (more: Partial<RedisStoreOptions>) => createRedisStore({ redis, prefix, compareMs: 100, ...more })
    const raw = (command: string, key: string, ...args: (string | number)[]) =>
      redis.commands.call(command, `${prefix}:set:{${SET}}:${key}`, ...args)
    return { store, commit, open, raw, redis, prefix }
  }

  it.each([
    ['the digest is another at the same revision', 'digest', 'f'.repeat(32)],
    ['the revision fell', 'revision', '1'],
  ])('loads again when %s, as after a failover', async (_name, field, value) => {
    const { store, commit, raw } = await setUp()
    await commit(0, entry('a'))
    await commit(1, entry('b'))
    const known = follower(store, SET, new AbortController().signal)
    await vi.waitFor(() => expect(known.revision()).toBe(2))
    if (field === 'revision') await raw('XDEL', 'changes', '2-0')
    await raw('HSET', 'head', field, value)
    await vi.waitFor(() => expect(known.heard).toHaveLength(2), { timeout: 5_000 })
    expect(known.heard[1]!.kind).toBe('contents')
    await store.close()
  })
  it.each([['the message'], ['the changes']])(
    'loads again when a failed-over server gave a lost revision to another commit: told by %s',
    async (told) => {
      const { store, commit, redis, prefix } = await setUp({ compareMs: told === 'the message' ? 60_000 : 100 })
      const keys = ['head', 'entries', 'changes'].map((key) => `${prefix}:set:{${SET}}:${key}`)
      const dump = (): Promise<Buffer[]> =>
        Promise.all(keys.map(async (key) => (await redis.commands.callBuffer('DUMP', key)) as Buffer))
      const restore = (values: readonly Buffer[]) =>
        Promise.all(keys.map((key, i) => redis.commands.call('RESTORE', key, 0, values[i]!, 'REPLACE')))
      await commit(0, entry('a'))
      const first = await dump()
      await commit(1, entry('b'))
      const second = await dump()
      await restore(first)
      await commit(1, entry('lost'))
      const known = follower(store, SET, new AbortController().signal)
      await vi.waitFor(() => expect(known.names().join()).toBe('a,lost'))
      await restore(second)
      await commit(2, entry('c'))
      await vi.waitFor(() => expect(known.names().join()).toBe('a,b,c'))
      expect(known.errors).toEqual([])
      await store.close()
    },
  )
  it('leaves no staging key behind, also where a large first commit is refused', async () => {
    const { commit, redis, prefix } = await setUp()
    const many = Array.from({ length: 2_500 }, (_, i) => entry(`r${i}`))
    const results = await Promise.all([commit(0, ...many), commit(0, ...many)])
    expect(results.map(({ kind }) => kind).toSorted()).toEqual(['committed', 'conflict'])
    expect(await redis.commands.call('KEYS', `${prefix}:*staging*`)).toEqual([])
  })
  it('rule 4: reads a set whole while commits go on', async () => {
    const { store, open, commit } = await setUp()
    const many = Array.from({ length: 2_000 }, (_, i) => entry(`r${i}`))
    await commit(0, ...many)
    const writing = (async () => {
      for (let base = 1; base < 60; base++)
        await commit(base, entry(`r${base}`, `new${base}`), entry('same', `${base}`))
    })()
    const reader = open({})
    for (let i = 0; i < 8; i++) {
      const { head, entries } = await reader.load(SET)
      expect(digestOf(entries.values())).toBe(head.digest)
    }
    await writing
    await store.close()
  })
  it('keeps so many revisions of history as it was told', async () => {
    const { store, commit } = await setUp({ historyKept: 5 })
    for (let base = 0; base < 9; base++) await commit(base, entry('a', `${base}`))
    const history = await store.history(SET, 100)
    expect(history.map(({ revision }) => revision)).toEqual([9, 8, 7, 6, 5])
    expect(history.at(-1)!.changes).toEqual([
      { key: expect.any(String), before: entry('a', '3'), after: entry('a', '4') },
    ])
  })
  it('refuses a set of a newer format, and says so', async () => {
    const { store, commit, raw } = await setUp()
    await commit(0, entry('a'))
    await raw('HSET', 'head', 'v', '2')
    await expect(commit(1, entry('b'))).rejects.toThrow('has format 2, written by a newer Fleetcast')
    await expect(store.load(SET)).rejects.toThrow(`{${SET}}:head has format 2`)
  })
  it('names what can not be read, and goes on with the rest', async () => {
    const { store, commit, raw } = await setUp()
    await commit(0, entry('a'), entry('b'))
    await raw('HSET', 'entries', 'type.googleapis.com/t\na', 'garbage')
    expect([...(await store.load(SET)).entries.values()]).toEqual([entry('b')])
    await raw('SET', 'problems', '{"v":1,"problems":7}')
    await expect(store.problems(SET)).rejects.toThrow(`{${SET}}:problems is not what Fleetcast writes`)
    await raw('HSET', 'head', 'positions', '[')
    await expect(store.load(SET)).rejects.toThrow(`{${SET}}:head is not what Fleetcast writes`)
  })
  it('rule 8: keeps sensitive resources sealed, and opens them with the same key only', async () => {
    const sealKey = Buffer.alloc(32, 1)
    const secret = resource({ type: 't', name: 's', bytes: Buffer.from('PRIVATE'), sensitive: true, sealKey })
    const { store, commit, open, raw } = await setUp({ sealKey })
    const known = follower(store, SET, new AbortController().signal)
    await vi.waitFor(() => expect(known.revision()).toBe(0))
    await commit(0, secret, entry('a'))
    await vi.waitFor(() => expect(known.entries().get('t\ns')).toEqual(secret))
    await commit(1, resource({ ...secret, bytes: Buffer.from('OTHER'), sealKey }))
    const stored = JSON.stringify([await raw('HGETALL', 'entries'), await raw('XRANGE', 'changes', '-', '+')])
    for (const word of ['PRIVATE', 'OTHER']) expect(stored).not.toContain(word)
    for (const wrong of [Buffer.alloc(32, 2), undefined]) {
      const other = open({ sealKey: wrong })
      expect([...(await other.load(SET)).entries.values()]).toEqual([entry('a')])
    }
    expect((await store.history(SET, 1))[0]!.changes[0]!.before).toEqual(secret)
    await store.close()
  })
  it('rule 8: refuses a sensitive resource without a key', async () => {
    const { store, commit } = await setUp()
    expect(store.acceptsSecrets).toBe(false)
    const secret = resource({ type: 't', name: 's', bytes: Buffer.from('x'), sensitive: true })
    await expect(commit(0, secret)).rejects.toThrow("t s can't be kept")
  })
})
