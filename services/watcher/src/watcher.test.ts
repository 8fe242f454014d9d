// The watcher of a site between its source and its log: the test plays both, and the clock.
import type { Leadership } from '@fleetcast/shared/log/leadership'
import { alwaysLeads } from '@fleetcast/shared/log/leadership'
import { createMemoryLog, type MemoryLog } from '@fleetcast/shared/log/memory'
import type { AppendRequest, ObjectLog } from '@fleetcast/shared/log/object-log'
import { type Kind, type KubeObject, type ObjectKey, objectKey } from '@fleetcast/shared/objects/object'
import type { Problem } from '@fleetcast/shared/objects/problem'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import { createMetrics } from '@fleetcast/shared/runtime/metrics'
import { aborted } from '@fleetcast/shared/runtime/run'
import { afterEach, describe, expect, it } from 'vitest'
import { createManualClock, type ManualClock } from '../../../shared/testing/manual-clock.ts'
import type { Sink, Source } from './source/source.ts'
import { createWatcher, type Watcher } from './watcher.ts'

const SITE = 'east'
const node = (name: string, zone = 'a'): KubeObject => ({ kind: 'Node', namespace: '', name, labels: { zone } })
const secret = (name: string): KubeObject => ({
  kind: 'Secret',
  namespace: 'shop',
  name,
  labels: {},
  type: 'kubernetes.io/tls',
  certificate: 'c',
  privateKey: 'k',
})
const objects = (...some: readonly KubeObject[]): ReadonlyMap<ObjectKey, KubeObject> =>
  new Map(some.map((object) => [objectKey(object), object]))
const put = (object: KubeObject) => ({ key: objectKey(object), object })
const gone = (object: KubeObject) => ({ key: objectKey(object), object: undefined })

interface Scene {
  readonly clock: ManualClock
  readonly log: MemoryLog
  readonly watcher: Watcher
  /** What the source was given; undefined while it does not run. */
  readonly sink: () => Sink
  readonly runs: () => number
  /** Levels and texts that were logged. */
  readonly said: readonly string[]
  readonly held: () => Promise<readonly ObjectKey[]>
  stop(): Promise<void>
}

const scenes: Scene[] = []
afterEach(async () => {
  for (const scene of scenes.splice(0)) await scene.stop()
})

interface Choice {
  readonly log?: MemoryLog
  readonly kinds?: readonly Kind[]
  readonly around?: (log: MemoryLog) => Partial<ObjectLog>
  readonly leadership?: Leadership
}

async function begin({ log = createMemoryLog(), kinds = ['Node', 'Secret'], around, leadership }: Choice = {}) {
  const clock = createManualClock()
  const said: string[] = []
  const say = (level: string) => (_fields: object, text: string) => void said.push(`${level} ${text}`)
  // Only what a watcher calls is there.
  const logger = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') } as unknown as Logger
  let sink: Sink | undefined
  let runs = 0
  const source: Source = {
    name: 'a test',
    kinds,
    async run(given, signal) {
      sink = given
      runs++
      await aborted(signal)
      sink = undefined
    },
  }
  const watcher = createWatcher({
    site: SITE,
    source,
    log: { ...log, ...around?.(log) },
    leadership: leadership ?? alwaysLeads,
    clock,
    random: () => 0.5,
    logger,
    metrics: createMetrics(),
  })
  const stop = new AbortController()
  const done = watcher.run(stop.signal)
  await clock.advance(0)
  const scene: Scene = {
    ...{ clock, log, watcher, said, runs: () => runs },
    sink() {
      if (!sink) throw new Error('the source does not run')
      return sink
    },
    held: async () => [...((await log.read(SITE))?.objects.keys() ?? [])].sort((a, b) => (a < b ? -1 : 1)),
    async stop() {
      stop.abort()
      await clock.advance(0)
      await done
    },
  }
  scenes.push(scene)
  return scene
}

describe('the watcher of a site', () => {
  it('logs a problem once, shows it in its status, and forgets it with its cause', async () => {
    const { clock, watcher, sink, said } = await begin()
    const told: (readonly Problem[])[] = []
    watcher.onProblems((problems) => told.push(problems))
    const problem: Problem = {
      severity: 'error',
      code: 'field',
      message: 'is wrong',
      place: { object: 'Node//a', line: 3 },
    }
    for (let i = 0; i < 3; i++) sink().problems('Node//a', [problem])
    await clock.advance(10_000)
    expect(said.filter((line) => line.includes('is wrong'))).toEqual(['warn error: east Node//a:3: is wrong'])
    expect(watcher.status().problems).toEqual([{ ...problem, place: { site: SITE, object: 'Node//a', line: 3 } }])
    sink().problems('Node//b', [{ ...problem, place: { object: 'Node//b' } }])
    sink().problems('Node//a', [])
    expect(watcher.problems().map(({ place }) => place.object)).toEqual(['Node//b'])
    expect(told.map((problems) => problems.length)).toEqual([1, 2, 1])
  })

  it.each([
    ['accepts Secrets', true, ['Node//a', 'Secret/shop/s', 'Secret/shop/t'], []],
    ['does not', false, ['Node//a'], ['Secret/shop/s', 'Secret/shop/t']],
  ] as const)('rule 8: the log %s', async (_name, acceptsSecrets, held, refused) => {
    const scene = await begin({ around: () => ({ acceptsSecrets }) })
    scene.sink().listed({ kinds: ['Node', 'Secret'], objects: objects(node('a'), secret('s')) })
    scene.sink().changed([put(secret('t'))])
    await scene.clock.advance(0)
    expect(await scene.held()).toEqual(held)
    expect(scene.watcher.problems().map(({ code, place }) => [code, place.object])).toEqual(
      refused.map((key) => ['secret', key]),
    )
    // All else works, and the problem goes with the Secret.
    expect(scene.watcher.missing()).toEqual([])
    scene.sink().changed([gone(secret('s')), gone(secret('t'))])
    expect(scene.watcher.problems()).toEqual([])
  })

  it('waits for a log that is away at start, with back-off, and says so', async () => {
    let elections = 0
    let isAway = true
    const scene = await begin({
      around: (log) => ({
        async elect(site) {
          elections++
          if (isAway) throw new Error('no Redis')
          return log.elect(site)
        },
      }),
    })
    await scene.clock.advance(60_000)
    expect(scene.watcher.missing()).toEqual(['site east: the log can not be reached: no Redis'])
    expect(elections).toBeGreaterThan(5)
    expect(elections).toBeLessThan(30)
    expect(scene.said).toEqual(['warn waiting for the log'])
    expect(scene.runs()).toBe(0)
    isAway = false
    await scene.clock.advance(5_000)
    scene.sink().listed({ kinds: ['Node', 'Secret'], objects: objects(node('a')) })
    await scene.clock.advance(0)
    expect(scene.watcher.missing()).toEqual([])
    expect(await scene.held()).toEqual(['Node//a'])
  })

  it('merges what comes during an append: the latest of each object, at once', async () => {
    const appends: AppendRequest[] = []
    let gate = Promise.resolve()
    const scene = await begin({
      around: (log) => ({
        async append(request) {
          appends.push(request)
          await gate
          return log.append(request)
        },
      }),
    })
    const { sink, clock } = scene
    sink().listed({ kinds: ['Node', 'Secret'], objects: objects(node('a'), node('b')) })
    await clock.advance(0)
    const { promise, resolve } = Promise.withResolvers<void>()
    gate = promise
    sink().changed([put(node('a', 'b'))])
    await clock.advance(0)
    for (const zone of ['c', 'd', 'e']) sink().changed([put(node('a', zone)), put(node('b', zone))])
    sink().changed([put(node('n')), gone(node('n')), gone(node('b'))])
    await clock.advance(500)
    expect(appends).toHaveLength(2)
    resolve()
    await clock.advance(0)
    expect(appends.slice(1).map(({ changes }) => changes)).toEqual([
      [put(node('a', 'b'))],
      [put(node('a', 'e')), gone(node('b'))],
    ])
  })

  it('rule 2: a new leader removes nothing that nobody removed', async () => {
    const first = await begin()
    first.sink().listed({ kinds: ['Node', 'Secret'], objects: objects(node('a'), node('b'), secret('s')) })
    await first.clock.advance(0)
    const before = ['Node//a', 'Node//b', 'Secret/shop/s']
    const second = await begin({ log: first.log })
    expect(second.watcher.status()).toMatchObject({ standing: 'leads', synced: true })
    // Nothing listed yet; then the source is away; then one kind of two.
    await second.clock.advance(5_000)
    expect(await second.held()).toEqual(before)
    second.sink().waiting('Node', 'no answer')
    expect(second.watcher.missing()).toEqual(['site east: Node: no answer'])
    await second.clock.advance(60_000)
    expect(await second.held()).toEqual(before)
    second.sink().listed({ kinds: ['Secret'], objects: objects(secret('s'), secret('t')) })
    await second.clock.advance(0)
    expect(await second.held()).toEqual([...before, 'Secret/shop/t'])
    // What is there and can't be read stays; what a complete list lacks is gone.
    second.sink().listed({ kinds: ['Node'], objects: objects(), keeps: (key) => key === 'Node//a' })
    await second.clock.advance(0)
    expect(await second.held()).toEqual(['Node//a', 'Secret/shop/s', 'Secret/shop/t'])
    second.sink().waiting('Node', undefined)
    expect(second.watcher.missing()).toEqual([])
  })

  it('a deposed leader falls silent, and its source with it', async () => {
    const first = await begin()
    first.sink().listed({ kinds: ['Node', 'Secret'], objects: objects(node('a')) })
    await first.clock.advance(0)
    const second = await begin({ log: first.log })
    second.sink().listed({ kinds: ['Node', 'Secret'], objects: objects(node('a'), node('b')) })
    await second.clock.advance(0)
    first.sink().listed({ kinds: ['Node', 'Secret'], objects: objects() })
    await first.clock.advance(2_000)
    expect(() => first.sink()).toThrow('does not run')
    expect(await second.held()).toEqual(['Node//a', 'Node//b'])
  })

  it('one that stands by is ready, and reads nothing', async () => {
    const waits: Leadership = { lead: (_run, signal) => aborted(signal), standing: () => 'waits' }
    const { watcher, runs } = await begin({ leadership: waits })
    expect([watcher.missing(), watcher.status().standing, runs()]).toEqual([[], 'waits', 0])
  })
})
