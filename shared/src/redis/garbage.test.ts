// Garbage in every kind of value that stands in Redis: whoever meets it says which key it is, goes on, leaves others alone, and
// works again once the value is right (rule 5 of the design). On a real server.
import { expect, it, vi } from 'vitest'
import { describeRedis } from '../../testing/describe-redis.ts'
import { put } from '../log/object-log.contract.ts'
import { createRedisLog } from '../log/redis.ts'
import { createRedisLock } from '../log/redis-lock.ts'
import { createBullQueue } from '../queue/bullmq.ts'
import { digestOf } from '../resources/digest.ts'
import type { Logger } from '../runtime/logger.ts'
import { createRedisStore } from '../store/redis.ts'
import { entry, follower } from '../store/set-store.contract.ts'

const KEY = 'type.googleapis.com/t\na'

/** A logger that keeps what it is told. */
function tellingLogger(): { readonly logger: Logger; readonly said: string[] } {
  const said: string[] = []
  const say = (fields: object, message?: string): void => void said.push(`${JSON.stringify(fields)} ${message ?? ''}`)
  // Only what the adapters call is there.
  return { said, logger: { debug: say, info: say, warn: say, error: say } as unknown as Logger }
}

/** `text` is put in the place of the whole value, `field` in one field of a hash. */
type Row = readonly [key: string, garbage: { readonly field?: string; readonly text: string }, meets: readonly string[]]

const rows: readonly Row[] = [
  ['log:{east}:head', { text: 'x' }, ['elect', 'append', 'read']],
  ['log:{east}:head', { field: 'v', text: 'x' }, ['read']],
  ['log:{east}:head', { field: 'n', text: 'x' }, ['append', 'read']],
  ['log:{east}:head', { field: 'epoch', text: 'x' }, ['elect', 'append']],
  ['log:{east}:objects', { text: 'x' }, ['append', 'read']],
  ['log:{east}:objects', { field: 'Service/shop/a', text: '1j{' }, ['read']],
  ['log:{east}:events', { text: 'x' }, ['append']],
  ['log:{east}:lock', { field: 'x', text: 'x' }, ['lock']],
  ['set:{fleet/a}:head', { text: 'x' }, ['commit', 'load', 'heads', 'history']],
  ['set:{fleet/a}:head', { field: 'v', text: 'x' }, ['load', 'heads']],
  ['set:{fleet/a}:head', { field: 'revision', text: 'x' }, ['load', 'heads']],
  ['set:{fleet/a}:head', { field: 'digest', text: 'x' }, ['load', 'heads']],
  ['set:{fleet/a}:head', { field: 'positions', text: '[' }, ['commit', 'load', 'heads']],
  ['set:{fleet/a}:head', { field: 'needs', text: '7' }, ['load', 'heads']],
  ['set:{fleet/a}:entries', { text: 'x' }, ['commit', 'load', 'history']],
  ['set:{fleet/a}:entries', { field: KEY, text: 'x' }, ['load']],
  ['set:{fleet/a}:changes', { text: 'x' }, ['commit', 'load', 'history']],
  ['set:{fleet/a}:problems', { text: '{' }, ['problems']],
  ['set:{fleet/a}:problems', { field: 'x', text: 'x' }, ['problems']],
  ['{store}:generation', { text: 'x' }, ['generation']],
  ['{nodes}:edges', { text: 'x' }, ['nodes']],
  ['nodes:{e1}', { text: 'x' }, ['nodes']],
  ['nodes:{e1}', { field: 'x', text: '{' }, []],
  ['{jobs}:positions', { text: 'x' }, ['wake']],
  ['{jobs}:positions', { field: 'fleet/a', text: '[' }, []],
  ['{jobs}:positions', { field: 'fleet/a', text: '{"east":7}' }, []],
]

describeRedis('garbage in Redis', ({ links, newPrefix }) => {
  async function setUp() {
    const prefix = newPrefix()
    const [redis] = links()
    const { logger, said } = tellingLogger()
    const options = { redis, prefix, logger, compareMs: 50 }
    const [log, store, queue] = [createRedisLog(options), createRedisStore(options), createBullQueue(options)]
    const lock = createRedisLock({ redis, site: 'east', prefix })
    const { id } = await store.createGeneration()
    await store.seal(id)
    const sites = new Map<string, { epoch: number; base: { generation: string; n: number } }>()
    for (const site of ['east', 'west']) {
      const epoch = await log.elect(site)
      sites.set(site, { epoch, base: (await log.read(site))!.position })
    }
    const append = async (site: string): Promise<unknown> => {
      const known = sites.get(site)!
      const result = await log.append({ site, ...known, changes: [put('a')], synced: true })
      if (result.kind === 'appended') known.base = result.position
      return result.kind === 'appended' ? undefined : result.kind
    }
    const commit = async (set: string): Promise<unknown> => {
      const base = (await store.history(set, 1))[0]?.revision ?? 0
      const change = { put: [entry('a', `${base}`), entry('b', `${base}`)], remove: [] }
      const result = await store.commit({ set, generation: id, base, positions: {}, change })
      return result.kind === 'committed' ? undefined : result.kind
    }
    const ofSet = (set: string) => ({
      load: async () => (await store.load(set)).unreadable && 'unreadable',
      commit: () => commit(set),
      heads: () => store.heads([set]).then(() => undefined),
      history: () => store.history(set, 9).then(() => undefined),
      problems: () => store.problems(set).then(() => undefined),
      wake: () => queue.wake(set, { east: { generation: 'g', n: 1 } }),
    })
    const ofSite = (site: string) => ({
      read: async () => (await log.read(site))?.problems?.map(({ place }) => place.object).join(),
      append: () => append(site),
      elect: async () => {
        sites.get(site)!.epoch = await log.elect(site)
      },
    })
    const ofAll = {
      lock: () => lock.hold(AbortSignal.timeout(1_000)).then(() => undefined),
      generation: () => store.generation().then(() => undefined),
      nodes: () => store.nodes().then(() => undefined),
    }
    const ask: Record<string, () => Promise<unknown>> = { ...ofSite('east'), ...ofSet('fleet/a'), ...ofAll }
    const askOthers: Record<string, () => Promise<unknown>> = { ...ofSite('west'), ...ofSet('fleet/b') }
    const node = { id: 'n', cluster: 'c', address: 'x', connectedAt: 'y', types: {} }
    await store.putNodes('e1', [{ ...node, edge: 'e1' }], 60)
    for (const each of [...Object.values(ask), ...Object.values(askOthers)]) expect(await each()).toBeUndefined()
    await store.setProblems('fleet/a', [{ severity: 'error', code: 'x', message: 'y', place: {} }])
    const close = () => Promise.all([log.close(), store.close(), queue.close()])
    return { prefix, redis, log, store, queue, ask, askOthers, said, close }
  }

  it.each(rows)('%s: %o', async (name, { field, text }, meets) => {
    const { prefix, redis, store, queue, ask, askOthers, said, close } = await setUp()
    const stop = new AbortController()
    const [known, other] = ['fleet/a', 'fleet/b'].map((set) => follower(store, set, stop.signal))
    await vi.waitFor(() => expect([known!.names().length, other!.names().length]).toEqual([2, 2]))
    const key = `${prefix}:${name}`
    const right = (await redis.commands.callBuffer('DUMP', key)) as Buffer
    const isHash = (await redis.commands.call('TYPE', key)) === 'hash'
    if (field === undefined || !isHash) await redis.commands.call('DEL', key)
    await (field === undefined ? redis.commands.call('SET', key, text) : redis.commands.call('HSET', key, field, text))

    for (const [what, run] of Object.entries(ask)) {
      const answer = await run().catch((error: Error) => error.message)
      // A commit is made from what history says: it fails with it.
      const isNamed = answer === undefined || String(answer).includes(key)
      if (meets.includes(what))
        expect(`${answer} ${said.join()}`).toMatch(/Fleetcast writes|lost|unreadable|Service\/shop\/a/)
      else expect([what, isNamed || answer]).toEqual([what, true])
      if (String(answer).includes('Fleetcast')) expect(answer).toContain(key)
    }
    if (name !== '{store}:generation' && !name.startsWith('{jobs}')) {
      for (const [what, run] of Object.entries(askOthers)) expect([what, await run()]).toEqual([what, undefined])
      // Who follows another set hears of its change; who follows this one loses nothing that it had.
      await vi.waitFor(() => expect(other!.revision()).toBe(2))
    }
    expect(known!.names().toSorted()).toEqual(['a', 'b'])

    // What was written over by a commit is right already.
    const isStill = field === undefined || !isHash || (await redis.commands.call('HGET', key, field)) === text
    if (isStill) await redis.commands.call('RESTORE', key, 0, right, 'REPLACE')
    const worked: string[] = []
    const working = queue.work(async ({ set }) => void worked.push(set), stop.signal)
    await queue.wake('fleet/a', {})
    await vi.waitFor(() => expect(worked).toContain('fleet/a'))
    expect([await ask.read!(), await ask.load!()]).toEqual([undefined, undefined])
    const { entries } = await store.load('fleet/a')
    await vi.waitFor(() => expect(digestOf(known!.entries().values())).toBe(digestOf(entries.values())))
    stop.abort()
    await working
    await close()
  })
})
