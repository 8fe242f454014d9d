// What the adapters do when Redis is cut, emptied, frozen, restarted or absent: nothing is lost but time.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { freePort, startRedis, type TestRedis, whyNoRedis } from '../../testing/redis-server.ts'
import { put } from '../log/object-log.contract.ts'
import type { LogNews } from '../log/object-log.ts'
import { createRedisLog } from '../log/redis.ts'
import { createBullQueue } from '../queue/bullmq.ts'
import type { Logger } from '../runtime/logger.ts'
import { createRedisStore } from '../store/redis.ts'
import { entry, follower } from '../store/set-store.contract.ts'
import { type OpenedRedis, openRedis } from './open-redis.ts'

const missing = whyNoRedis()
const SET = 'fleet/edge'
const SOON = { timeout: 10_000, interval: 10 }

describe.skipIf(missing)(`faults${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let server: TestRedis
  let stop = new AbortController()
  const links: OpenedRedis[] = []
  const timers: NodeJS.Timeout[] = []
  const logged: string[] = []
  const note = (fields: object, message: string): void => void logged.push(`${message} ${JSON.stringify(fields)}`)
  const logger: Logger = { debug: note, info: note, warn: note, error: note, child: () => logger }
  const open = (url = server.url): OpenedRedis => {
    const link = openRedis(url, { logger })
    links.push(link)
    return link
  }
  /** Kills connections of a kind again and again, as a bad network does. */
  const cut = (type: 'pubsub' | 'normal', everyMs: number): void => {
    const control = open()
    timers.push(setInterval(() => void control.commands.call('CLIENT', 'KILL', 'TYPE', type).catch(() => 0), everyMs))
  }
  beforeEach(async () => {
    server = await startRedis()
    stop = new AbortController()
    logged.length = 0
  })
  afterEach(async () => {
    stop.abort()
    for (const timer of timers.splice(0)) clearInterval(timer)
    await Promise.all(links.splice(0).map((link) => link.close()))
    await server.stop()
  })

  const openStore = async () => {
    const store = createRedisStore({ redis: open(), logger })
    const { id } = await store.createGeneration()
    await store.seal(id)
    let base = 0
    const commit = async (...put: ReturnType<typeof entry>[]) => {
      const result = await store.commit({ set: SET, generation: id, base, positions: {}, change: { put, remove: [] } })
      if (result.kind === 'committed') base = result.head.revision
      // A command that was sent again after a cut finds its own commit.
      else if (result.kind === 'conflict' && result.head.revision === base + 1) base += 1
      else throw new Error(result.kind)
    }
    return { store, commit, generation: id }
  }

  it('a change arrives within 10 s while message connections are killed every 50 ms', async () => {
    const { commit } = await openStore()
    const known = follower(createRedisStore({ redis: open(), logger }), SET, stop.signal)
    await vi.waitFor(() => expect(known.revision()).toBe(0), SOON)
    cut('pubsub', 50)
    for (let i = 1; i <= 5; i++) {
      await commit(entry('a', `${i}`))
      await vi.waitFor(() => expect(known.revision()).toBe(i), SOON)
    }
    expect(known.errors).toEqual([])
  })
  it('everything arrives in order while all connections are killed', async () => {
    const { commit } = await openStore()
    const known = follower(createRedisStore({ redis: open(), logger, compareMs: 500 }), SET, stop.signal)
    const log = createRedisLog({ redis: open(), logger })
    const seen: LogNews[] = []
    const epoch = await log.elect('east')
    void (async () => {
      for await (const news of log.follow('east', stop.signal)) seen.push(news)
    })()
    let position = (await log.read('east'))!.position
    cut('normal', 100)
    for (let i = 1; i <= 100; i++) {
      await commit(entry(`r${i % 7}`, `${i}`))
      const result = await log.append({ site: 'east', epoch, base: position, changes: [put('a', i)] })
      if (result.kind !== 'appended') throw new Error(result.kind)
      position = result.position
    }
    await vi.waitFor(() => expect(known.revision()).toBe(100), SOON)
    await vi.waitFor(() => expect(lastPosition(seen)).toBe(100), SOON)
    expect(known.errors).toEqual([])
    expect(gapsIn(seen)).toEqual([])
  })
  it('rule 2: a Redis that was restarted empty is told to its leader, refilled, and silent to edges until sealed', async () => {
    const { store, commit } = await openStore()
    const known = follower(store, SET, stop.signal)
    await commit(entry('a'))
    await vi.waitFor(() => expect(known.names()).toEqual(['a']), SOON)
    const log = createRedisLog({ redis: open(), logger, compareMs: 200 })
    const epoch = await log.elect('east')
    const base = (await log.read('east'))!.position
    const seen: LogNews[] = []
    void (async () => {
      for await (const news of log.follow('east', stop.signal)) seen.push(news)
    })()
    const queue = createBullQueue({ redis: open(), logger })
    const rung: string[] = []
    void queue.work(async ({ set }) => void rung.push(set), stop.signal)
    await vi.waitFor(() => expect(seen).toHaveLength(1), SOON)
    const { port } = server
    await server.stop()
    server = await startRedis({ port })

    expect(await log.heartbeat('east', epoch, base)).toEqual({ kind: 'lost' })
    const renewed = await log.renew('east', epoch)
    if (renewed.kind !== 'appended') throw new Error(renewed.kind)
    await log.append({ site: 'east', epoch, base: renewed.position, changes: [put('b')], synced: true })
    await vi.waitFor(() => expect(lastPosition(seen)).toBe(1), SOON)
    await queue.wake(SET, { east: { ...renewed.position, n: 1 } })
    await vi.waitFor(() => expect(rung).toEqual([SET]), SOON)
    const { id } = await store.createGeneration()
    await store.commit({ set: SET, generation: id, base: 0, positions: {}, change: { put: [entry('b')], remove: [] } })
    const publisher = follower(store, SET, stop.signal, true)
    await vi.waitFor(() => expect(publisher.names()).toEqual(['b']), SOON)
    expect(known.names()).toEqual(['a'])
    await store.seal(id)
    await vi.waitFor(() => expect(known.names()).toEqual(['b']), SOON)
  }, 60_000)
  it('a Redis that is absent at start is waited for, and said to be missing without its password', async () => {
    const port = await freePort()
    const link = open(`redis://user:PASSWORD@127.0.0.1:${port}`)
    const store = createRedisStore({ redis: open(`redis://127.0.0.1:${port}`), logger })
    const known = follower(store, SET, stop.signal)
    const queue = createBullQueue({ redis: open(`redis://127.0.0.1:${port}`), logger })
    const rung: string[] = []
    void queue.work(async ({ set }) => void rung.push(set), stop.signal)
    const woken = queue.wake(SET, {})
    await vi.waitFor(async () => expect(await link.health()).toContain(`Redis 127.0.0.1:${port}: `), SOON)
    const late = await startRedis({ port })
    try {
      const plain = open(late.url)
      await plain.ready()
      expect(await plain.health()).toBeUndefined()
      await vi.waitFor(async () => expect(await link.health()).toContain('WRONGPASS'), SOON)
      const { id } = await store.createGeneration()
      await store.seal(id)
      await vi.waitFor(() => expect(known.revision()).toBe(0), SOON)
      await woken
      await vi.waitFor(() => expect(rung).toEqual([SET]), SOON)
      expect(logged.length).toBeGreaterThan(0)
      expect(logged.join()).not.toContain('PASSWORD@')
      expect(logged.join()).not.toContain('"PASSWORD"')
    } finally {
      await late.stop()
    }
  })
  it('a frozen Redis is told by its health within seconds, and what was asked is answered afterwards', async () => {
    const { store, commit } = await openStore()
    const known = follower(store, SET, stop.signal)
    await vi.waitFor(() => expect(known.revision()).toBe(0), SOON)
    const link = open()
    await link.ready()
    server.process.kill('SIGSTOP')
    try {
      expect(await link.health()).toContain('no answer')
    } finally {
      server.process.kill('SIGCONT')
    }
    await commit(entry('a'))
    await vi.waitFor(() => expect(known.names()).toEqual(['a']), SOON)
  })
  it('a job of a worker that was killed is run by another within 10 s', async () => {
    const script = fileURLToPath(new URL('../../testing/hanging-worker.ts', import.meta.url))
    const worker = spawn(process.execPath, [script, server.url, 'fleetcast'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const queue = createBullQueue({ redis: open(), logger })
    await queue.wake(SET, { east: { generation: 'g', n: 3 } })
    await once(worker.stdout, 'data')
    const jobs: unknown[] = []
    void queue.work(async (job) => void jobs.push(job), stop.signal)
    const killedAt = performance.now()
    worker.kill('SIGKILL')
    await vi.waitFor(() => expect(jobs).toEqual([{ set: SET, positions: { east: { generation: 'g', n: 3 } } }]), SOON)
    expect(performance.now() - killedAt).toBeLessThan(10_000)
  })
  it('what waits for a Redis that never comes ends when it is closed', async () => {
    const link = open(`redis://127.0.0.1:${await freePort()}`)
    const [log, store, queue] = [
      createRedisLog({ redis: link, logger }),
      createRedisStore({ redis: link, logger }),
      createBullQueue({ redis: link, logger }),
    ]
    follower(store, SET, stop.signal)
    const ends = [queue.work(async () => undefined, stop.signal), log.claim('east', async () => undefined, stop.signal)]
    const news = log.follow('east', stop.signal)[Symbol.asyncIterator]().next()
    await Promise.all([log.close(), store.close(), queue.close()])
    await link.close()
    await Promise.all(ends)
    expect(await news).toEqual({ value: undefined, done: true })
  })
  it('commands of a link that is closed end', async () => {
    const link = open(`redis://127.0.0.1:${await freePort()}`)
    const asked = link.commands.call('PING')
    await link.close()
    await expect(asked).rejects.toThrow('closed')
  })
})

const lastPosition = (seen: readonly LogNews[]): number | undefined => {
  const last = seen.at(-1)
  return last?.kind === 'state' ? last.state.position.n : last?.event.position.n
}

/** Positions of events that do not follow the news before them. */
function gapsIn(seen: readonly LogNews[]): number[] {
  return seen.flatMap((news, i) => {
    if (news.kind === 'state') return []
    return lastPosition(seen.slice(0, i)) === news.event.position.n - 1 ? [] : [news.event.position.n]
  })
}
