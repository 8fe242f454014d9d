// Publishers as processes beside each other, over both kinds of ports: what they commit, and what they leave alone.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ObjectLog } from '@fleetcast/shared/log/object-log'
import { digestOf } from '@fleetcast/shared/resources/digest'
import { DIRECTORY, fleetSet, logSet } from '@fleetcast/shared/store/directory'
import { rollbackCause } from '@fleetcast/shared/store/rollback'
import type { SetStore } from '@fleetcast/shared/store/set-store'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startRedis, type TestRedis, whyNoRedis } from '../../../shared/testing/redis-server.ts'
import { directoryFleets } from './compile/compile-directory.ts'
import { configMap, service, slice } from './testing/objects.ts'
import { type Backend, createScene, memoryBackend, redisBackend, type Scene } from './testing/scene.ts'
import { byText } from './world/order.ts'

const SET = fleetSet('web')
const WAIT = { timeout: 15_000, interval: 10 }
const routes = (...prefixes: string[]): string =>
  prefixes.map((prefix) => `- { name: ${prefix}, virtual_hosts: [] }\n`).join('')
const fleet = (text: string) => configMap('shop/web', 'web', { 'routes.yaml': text })
const names = async (scene: Scene): Promise<string> =>
  Object.keys(await scene.held(SET))
    .sort(byText)
    .join(', ')

const missing = whyNoRedis()
let server: TestRedis | undefined
beforeAll(async () => {
  if (!missing) server = await startRedis()
})
afterAll(() => server?.stop())

const backends: [string, string | undefined, () => Backend][] = [
  ['memory', undefined, memoryBackend],
  ['redis', missing, () => redisBackend(server?.url ?? '')],
]

describe.each(backends)('publishers over %s', (_name, absent, open) => {
  describe.skipIf(absent)(absent ?? 'for real', () => {
    it('two on the same sets: nothing is lost, and both agree', async () => {
      await using scene = await createScene(open())
      scene.publisher()
      scene.publisher()
      const services = Array.from({ length: 5 }, (_, i) => service(`shop/s${i}`))
      const all = { 'fleet.yaml': 'services: all', 'routes.yaml': routes('r') }
      await scene.write(...services, configMap('shop/web', 'web', all))
      const writes: string[] = []
      for (let i = 0; i < 40; i++) {
        await scene.write(
          slice(`shop/s${i % 5}`, [`10.0.${i % 5}.${i}`]),
          configMap('shop/web', 'web', { ...all, 'routes.yaml': routes('r', `r${i}`) }),
        )
        writes.push(`10.0.${i % 5}.${i}`)
      }
      await vi.waitFor(async () => expect(await names(scene)).toContain('RouteConfiguration r39'), WAIT)
      const [view = ''] = directoryFleets((await scene.ports.store.load(DIRECTORY)).entries)[0]!.views
      await vi.waitFor(async () => {
        const held = await scene.held(`endpoints/${view}`)
        for (let i = 0; i < 5; i++) {
          expect(held[`ClusterLoadAssignment shop/s${i}/http`]).toContain(
            writes.findLast((a) => a.startsWith(`10.0.${i}.`)),
          )
        }
      }, WAIT)
      expect((await names(scene)).match(/RouteConfiguration r\d+/g)).toEqual(['RouteConfiguration r39'])
      for (const set of [SET, `endpoints/${view}`, DIRECTORY]) await isSound(scene.ports.store, set)
    })

    it('rule 5: one that starts while a document is broken keeps its last good form', async () => {
      await using scene = await createScene(open())
      const first = scene.publisher()
      await scene.write(fleet(routes('a', 'b')))
      await vi.waitFor(async () => expect(await names(scene)).toBe('RouteConfiguration a, RouteConfiguration b'), WAIT)
      await first.close()
      await scene.write(fleet('- { name: a, virtual_hosts: [] }\n- { name: b, virtual_hosts: 7 }\n- { name: c }\n'))
      const second = scene.publisher()
      await vi.waitFor(async () => expect(await names(scene)).toContain('RouteConfiguration c'), WAIT)
      expect(await names(scene)).toBe('RouteConfiguration a, RouteConfiguration b, RouteConfiguration c')
      await second.close()
      await scene.write(fleet('{ not: [yaml'))
      const third = scene.publisher()
      await vi.waitFor(
        () => expect(new Set(third.status().problems.map(({ code }) => code))).toEqual(new Set(['yaml'])),
        WAIT,
      )
      await third.settled()
      expect(await names(scene)).toBe('RouteConfiguration a, RouteConfiguration b, RouteConfiguration c')
    })

    it('rule 2: a fleet whose last ConfigMap is gone is retired, and its sets stay until it is back', async () => {
      await using scene = await createScene(open())
      const publisher = scene.publisher()
      const isRetired = async () =>
        directoryFleets((await scene.ports.store.load(DIRECTORY)).entries).map((each) => [each.name, each.retired])
      await scene.write(service('shop/s'), slice('shop/s', ['10.0.0.1']))
      await scene.write(configMap('shop/web', 'web', { 'fleet.yaml': 'services: all', 'routes.yaml': routes('a') }))
      await vi.waitFor(async () => expect(await names(scene)).toContain('Cluster shop/s/http'), WAIT)
      const before = await scene.held(SET)
      const view = Object.values(before)
        .find((text) => text.startsWith('link'))!
        .slice('link '.length)
      const endpoints = await scene.held(view)
      await scene.remove(fleet(''))
      await vi.waitFor(async () => expect(await isRetired()).toEqual([['web', true]]), WAIT)
      await publisher.settled()
      expect(await scene.held(SET)).toEqual(before)
      expect(await scene.held(view)).toEqual(endpoints)
      await scene.write(fleet(routes('b')))
      await vi.waitFor(async () => expect(await isRetired()).toEqual([['web', false]]), WAIT)
      await vi.waitFor(async () => expect(await names(scene)).toBe('RouteConfiguration b'), WAIT)
    })

    it('rule 6: a Service that goes with its last route keeps its endpoints until the fleet is without it', async () => {
      await using scene = await createScene(open())
      const publisher = scene.publisher()
      const [old, next] = [service('shop/old'), service('shop/next')]
      const chosen = (name: string) =>
        configMap('shop/web', 'web', { 'fleet.yaml': `services: { selector: is=${name} }` })
      const label = (name: string) => ({ labels: { is: name } })
      await scene.write({ ...old, ...label('old') }, slice('shop/old', ['10.0.0.1']), chosen('old'))
      await vi.waitFor(async () => expect(await names(scene)).toContain('Cluster shop/old/http'), WAIT)
      await publisher.settled()
      const [view = ''] = Object.values(await scene.held(SET)).filter((text) => text.startsWith('link'))
      const heard = scene.edge(view.slice('link '.length))
      await vi.waitFor(() => expect(heard.length).toBe(1), WAIT)
      await scene.replace(
        [{ ...next, ...label('next') }, slice('shop/next', ['10.0.0.2']), chosen('next')],
        [old, slice('shop/old', [])],
      )
      await vi.waitFor(async () => expect(await names(scene)).toContain('Cluster shop/next/http'), WAIT)
      await vi.waitFor(
        async () =>
          expect(await scene.held(view.slice('link '.length))).not.toHaveProperty(
            'ClusterLoadAssignment shop/old/http',
          ),
        WAIT,
      )
      const puts = heard.flatMap((news) => (news.kind === 'change' ? news.change.put : [])).map(({ name }) => name)
      expect(puts).toEqual(['shop/next/http'])
    })

    it('rule 2: everything is lost: edges hear nothing until the new generation holds the same', async () => {
      await using scene = await createScene(open())
      scene.publisher()
      await scene.write(service('shop/s'), slice('shop/s', ['10.0.0.1']), fleet(routes('a')))
      const heard = scene.edge(SET)
      await vi.waitFor(() => expect(heard).toHaveLength(1), WAIT)
      const before = await scene.held(SET)
      const lives = () =>
        new Set(heard.map((news) => (news.kind === 'contents' ? news.contents : news).head.generation))
      await scene.backend.lose()
      // The log comes back empty at first; nothing may be made of that.
      await scene.refill()
      await vi.waitFor(() => expect(lives().size).toBe(2), WAIT)
      expect(heard.map(({ kind }) => kind)).toEqual(['contents', 'contents'])
      const last = heard.at(-1)!
      expect(last.kind === 'contents' && [...last.contents.entries.values()].map(({ name }) => name)).toEqual(['a'])
      expect(await scene.held(SET)).toEqual(before)
    })

    it('rule 2: everything is lost while no publisher runs and a site is silent: the state directory has it', async () => {
      const backend = open()
      await using east = await createScene(backend)
      await using west = await createScene(backend, 'west')
      const stateDir = mkdtempSync(join(tmpdir(), 'publisher-'))
      const endpoints = async () => {
        const [view] = directoryFleets((await east.ports.store.load(DIRECTORY)).entries).flatMap(({ views }) => views)
        return Object.values(await east.held(`endpoints/${view}`)).join()
      }
      const first = east.publisher({ stateDir })
      await west.write(service('shop/s'), slice('shop/s', ['10.2.2.2']))
      await east.write(
        service('shop/s'),
        slice('shop/s', ['10.1.1.1']),
        configMap('shop/web', 'web', { 'fleet.yaml': 'services: all' }),
      )
      await vi.waitFor(async () => expect(await endpoints()).toMatch(/10\.1\.1\.1.*10\.2\.2\.2/s), WAIT)
      const heard = east.edge(SET)
      await vi.waitFor(() => expect(heard).toHaveLength(1), WAIT)
      await first.close()
      await backend.lose()
      await east.refill()
      const second = east.publisher({ stateDir })
      await vi.waitFor(() => expect(second.status().ready).toBe(true), WAIT)
      await vi.waitFor(() => expect(heard).toHaveLength(2), WAIT)
      expect(await endpoints()).toMatch(/10\.1\.1\.1.*10\.2\.2\.2/s)
      // It speaks again: what it says now counts.
      west.forget(slice('shop/s', []))
      await west.refill()
      await vi.waitFor(async () => expect(await endpoints()).not.toContain('10.2.2.2'), WAIT)
      rmSync(stateDir, { recursive: true })
    })

    it('an object of the log that can not be read is named, logged once, and keeps nothing else back once it is right', async () => {
      await using scene = await createScene(open())
      const message = 'is not an object that Fleetcast writes into its log'
      const place = { site: 'east', object: 'Secret/shop/tls' }
      let isWrong = true
      // The adapters say so by the state; garbage.test.ts has them do it.
      const log: ObjectLog = {
        ...scene.ports.log,
        async *follow(site, signal) {
          for await (const news of scene.ports.log.follow(site, signal)) {
            const problems = [{ severity: 'error', code: 'format', message, place } as const]
            yield news.kind === 'state' && isWrong
              ? { kind: 'state', state: { ...news.state, synced: false, problems } }
              : news
          }
        },
      }
      await scene.write(fleet(routes('a')))
      const publisher = scene.publisher({ log })
      const waits = [`site east to be synced: of its log Secret/shop/tls ${message}`]
      await vi.waitFor(() => expect(publisher.status().waitsFor).toEqual(expect.arrayContaining(waits)), WAIT)
      await vi.waitFor(
        async () => expect(await scene.ports.store.problems(logSet('east'))).toMatchObject([{ place }]),
        WAIT,
      )
      expect(await names(scene)).toBe('')
      isWrong = false
      await scene.refill()
      await vi.waitFor(async () => expect(await names(scene)).toBe('RouteConfiguration a'), WAIT)
      await vi.waitFor(async () => expect(await scene.ports.store.problems(logSet('east'))).toEqual([]), WAIT)
    })

    it('an operator goes back: that stands, whoever publishes, until the input says something else', async () => {
      await using scene = await createScene(open())
      const first = scene.publisher()
      await scene.write(fleet(routes('a')))
      await vi.waitFor(async () => expect(await names(scene)).toBe('RouteConfiguration a'), WAIT)
      await scene.write(fleet(routes('a', 'b')))
      await vi.waitFor(async () => expect(await names(scene)).toContain('b'), WAIT)
      await goBack(scene.ports.store)
      const stands = async () => {
        await scene.ports.queue.wake(SET, {})
        await vi.waitFor(async () => expect(await scene.ports.queue.idle()).toBe(true), WAIT)
        expect(await names(scene)).toBe('RouteConfiguration a')
      }
      await stands()
      // One that never committed the fleet, and one that starts anew.
      const second = scene.publisher()
      await vi.waitFor(() => expect(second.status().ready).toBe(true), WAIT)
      await first.close()
      await stands()
      await scene.write(service('shop/other'))
      await stands()
      await scene.write(fleet(routes('a', 'b', 'c')))
      await vi.waitFor(async () => expect(await names(scene)).toContain('RouteConfiguration c'), WAIT)
      expect(await names(scene)).toBe('RouteConfiguration a, RouteConfiguration b, RouteConfiguration c')
    })
  })
})

/** Every revision once, and contents that add up to the digest. */
async function isSound(store: SetStore, set: string): Promise<void> {
  const { head, entries } = await store.load(set)
  expect(digestOf(entries.values())).toBe(head.digest)
  const history = await store.history(set, 1_000)
  expect(history.map(({ revision }) => revision)).toEqual(history.map((_, i) => head.revision - i))
}

/** Takes back what the newest revision put. */
async function goBack(store: SetStore): Promise<void> {
  const { generation, revision, positions } = (await store.heads([SET])).get(SET)!
  const [newest] = await store.history(SET, 1)
  const change = { put: [], remove: newest!.changes.map(({ key }) => key) }
  const cause = rollbackCause(revision - 1)
  expect((await store.commit({ set: SET, generation, base: revision, positions, change, cause })).kind).toBe(
    'committed',
  )
}
