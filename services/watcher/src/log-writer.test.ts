import { createMemoryLog } from '@fleetcast/shared/log/memory'
import type { NodeObject } from '@fleetcast/shared/objects/object'
import { silentLogger } from '@fleetcast/shared/runtime/logger'
import { createMetrics } from '@fleetcast/shared/runtime/metrics'
import { describe, expect, it } from 'vitest'
import { createManualClock } from '../../../shared/testing/manual-clock.ts'
import { createLogWriter } from './log-writer.ts'
import { createMirror } from './mirror.ts'
import { createWatcherMetrics } from './watcher-metrics.ts'

const SITE = 'here'
const node = (name: string, zone = 'a'): NodeObject => ({ kind: 'Node', namespace: '', name, labels: { zone } })
const list = (...nodes: NodeObject[]) => ({
  kinds: ['Node'] as const,
  objects: new Map(nodes.map((one) => [`Node//${one.name}`, one])),
})

async function createScene() {
  const clock = createManualClock()
  const log = createMemoryLog()
  const sizes: number[] = []
  let failure: 'before' | 'after' | undefined
  const guarded: typeof log = {
    ...log,
    async append(request) {
      sizes.push(request.changes.length)
      if (failure === 'before') throw new Error('no answer')
      const result = await log.append(request)
      if (failure === 'after') throw new Error('the answer was lost')
      return result
    },
    async heartbeat(...args) {
      heartbeats.push(clock.now() - began)
      return log.heartbeat(...args)
    },
    async read(site) {
      if (failure) throw new Error('no answer')
      return log.read(site)
    },
  }
  const began = clock.now()
  const heartbeats: number[] = []
  const epoch = await log.elect(SITE)
  const state = await log.read(SITE)
  if (!state) throw new Error('no log')
  const mirror = createMirror(state.objects)
  let complete = false
  const writer = createLogWriter({
    ...{ site: SITE, epoch, state, mirror, complete: () => complete, log: guarded, clock },
    ...{ random: () => 0.5, logger: silentLogger, metrics: createWatcherMetrics(createMetrics()) },
  })
  const stop = new AbortController()
  const done = writer.run(stop.signal)
  return {
    ...{ clock, log, sizes, heartbeats, mirror, writer, done },
    /** A complete list arrives. */
    list: async (...nodes: NodeObject[]) => {
      mirror.list(list(...nodes))
      complete = true
      writer.wake()
      await clock.advance(0)
    },
    fail: (how: 'before' | 'after' | undefined) => {
      failure = how
    },
    state: () => log.read(SITE),
    end: async () => {
      stop.abort()
      await done
    },
  }
}

describe('the writer of a log', () => {
  it('appends without a timer and marks the site synced; equal content is no append', async () => {
    const scene = await createScene()
    await scene.list(node('a'), node('b'))
    expect(await scene.state()).toMatchObject({ synced: true, position: { n: 1 } })
    await scene.list(node('b'), node('a'))
    expect(scene.sizes).toEqual([2])
    await scene.list(node('a', 'z'), node('b'))
    expect(scene.sizes).toEqual([2, 1])
    await scene.end()
  })

  it('rule 4: fills in parts before the site is synced; after that a list is one append', async () => {
    const scene = await createScene()
    const many = (zone: string): NodeObject[] => Array.from({ length: 1_200 }, (_, at) => node(`n${at}`, zone))
    await scene.list(...many('a'))
    await scene.list(...many('b'))
    expect(scene.sizes).toEqual([500, 500, 200, 1_200])
    await scene.end()
  })

  it('rule 2: finds by its heartbeat that the log was lost, and fills a new one', async () => {
    const scene = await createScene()
    await scene.list(node('a'), node('b'))
    const before = scene.writer.position().generation
    scene.log.forget()
    await scene.clock.advance(1_500)
    const state = await scene.state()
    expect([...(state?.objects.keys() ?? [])]).toEqual(['Node//a', 'Node//b'])
    expect(state?.synced).toBe(true)
    expect(scene.writer.position().generation).not.toBe(before)
    await scene.end()
  })

  it('sends a heartbeat a second after it last heard of the log, by an append too', async () => {
    const scene = await createScene()
    await scene.list(node('a'))
    await scene.clock.advance(700)
    await scene.list(node('a', 'z'))
    await scene.clock.advance(3_000)
    expect(scene.heartbeats).toEqual([1_700, 2_700, 3_700])
    await scene.end()
    await scene.clock.advance(3_000)
    expect(scene.heartbeats).toHaveLength(3)
  })

  it.each([
    ['before', 1],
    ['after', 2],
  ] as const)('makes an append good, once, that failed %s it was written', async (how, appends) => {
    const scene = await createScene()
    await scene.list(node('a'))
    const before = scene.writer.position()
    scene.fail(how)
    await scene.list(node('a'), node('b'))
    await scene.list(node('a'), node('b'), node('c'))
    expect(scene.writer.trouble()).toBeDefined()
    scene.fail(undefined)
    await scene.clock.advance(5_000)
    expect((await scene.state())?.objects.size).toBe(3)
    expect(scene.writer.trouble()).toBeUndefined()
    expect(scene.writer.position()).toEqual({ generation: before.generation, n: before.n + appends })
    await scene.end()
  })

  it('ends when it was deposed, and writes nothing more', async () => {
    const scene = await createScene()
    await scene.list(node('a'))
    await scene.log.elect(SITE)
    await scene.list(node('a'), node('b'))
    await scene.done
    expect((await scene.state())?.objects.size).toBe(1)
    await scene.end()
  })
})
