// The promises of object-log.ts, as tests. memory.test.ts and redis.test.ts both call this.
import { afterEach, expect, it, vi } from 'vitest'
import { type ObjectChange, objectKey, type ServiceObject } from '../objects/object.ts'
import type { AppendRequest, LogEvent, LogNews, ObjectLog, Position } from './object-log.ts'

export interface LogFixture {
  readonly log: ObjectLog
  /** Another process's handle on the same log. */
  readonly other: ObjectLog
  /** Everything behind the log is gone, as after FLUSHALL. */
  lose(): Promise<void>
}

export const service = (name: string, port = 80): ServiceObject => ({
  kind: 'Service',
  namespace: 'shop',
  name,
  labels: {},
  annotations: {},
  type: 'ClusterIP',
  headless: false,
  clusterIPs: ['10.0.0.1'],
  ipFamilies: ['IPv4'],
  ports: [{ port, protocol: 'TCP' }],
})
export const put = (name: string, port = 80): ObjectChange => ({
  key: objectKey(service(name)),
  object: service(name, port),
})
const gone = (name: string): ObjectChange => ({ key: objectKey(service(name)), object: undefined })
const TIMEOUT = { timeout: 10_000, interval: 5 }

/** What a follower heard so far. */
function listen(log: ObjectLog, site: string, signal: AbortSignal): LogNews[] {
  const heard: LogNews[] = []
  void (async () => {
    for await (const news of log.follow(site, signal)) heard.push(news)
  })()
  return heard
}
const brief = (news: LogNews): string =>
  news.kind === 'state' ? `state ${news.state.position.n}` : `event ${news.event.position.n}`

export function logContract(open: () => Promise<LogFixture>): void {
  let stop = new AbortController()
  afterEach(() => {
    stop.abort()
    stop = new AbortController()
  })
  const setUp = async (site = 'east') => {
    const fixture = await open()
    const epoch = await fixture.log.elect(site)
    let base = (await fixture.log.read(site))!.position
    const append = async (changes: readonly ObjectChange[], rest: Partial<AppendRequest> = {}) => {
      const result = await fixture.log.append({ site, epoch, base, changes, ...rest })
      if (result.kind === 'appended') base = result.position
      return result
    }
    return { ...fixture, epoch, base, append }
  }

  it('elects with rising epochs and creates an empty log that is not synced', async () => {
    const { log, other, epoch } = await setUp()
    const second = await other.elect('east')
    expect(second).toBeGreaterThan(epoch)
    expect(await log.elect('east')).toBeGreaterThan(second)
    const state = (await log.read('east'))!
    expect([state.position.n, state.objects.size, state.synced]).toEqual([0, 0, false])
  })
  it('has no state for a site without a log, and lists those with one', async () => {
    const { log, other } = await setUp('west')
    expect(await log.read('nowhere')).toBeUndefined()
    await other.elect('east')
    expect(new Set(await log.sites())).toEqual(new Set(['east', 'west']))
  })
  it('appends puts and deletions with the next n, and keeps the synced mark', async () => {
    const { log, other, append, base } = await setUp()
    expect(await append([put('a'), put('b')])).toEqual({ kind: 'appended', position: { ...base, n: 1 } })
    expect(await append([gone('a'), put('c')], { synced: true })).toMatchObject({ position: { n: 2 } })
    expect(await append([put('c', 81)])).toMatchObject({ position: { n: 3 } })
    for (const handle of [log, other]) {
      const state = (await handle.read('east'))!
      expect(state).toMatchObject({ position: { ...base, n: 3 }, synced: true })
      expect(state.objects).toEqual(
        new Map([
          ['Service/shop/b', service('b')],
          ['Service/shop/c', service('c', 81)],
        ]),
      )
    }
  })
  it('leaves no event for an append of nothing', async () => {
    const { append, base, log } = await setUp()
    expect(await append([])).toEqual({ kind: 'appended', position: base })
    expect((await log.read('east'))!.position).toEqual(base)
  })
  it('rule 2: refuses a deposed leader in append, heartbeat and renew, and writes nothing', async () => {
    const { log, other, append, epoch, base } = await setUp()
    await other.elect('east')
    expect(await append([put('a')])).toEqual({ kind: 'deposed' })
    expect(await log.heartbeat('east', epoch, base)).toEqual({ kind: 'deposed' })
    expect(await log.renew('east', epoch)).toEqual({ kind: 'deposed' })
    expect(await log.read('east')).toMatchObject({ position: base, objects: new Map() })
  })
  it.each<[string, (base: Position) => Position]>([
    ['a shorter log', (base) => ({ ...base, n: base.n + 1 })],
    ['a longer log', (base) => ({ ...base, n: base.n - 1 })],
    ['another generation', (base) => ({ ...base, generation: 'other' })],
  ])('tells the leader of %s', async (_name, shift) => {
    const { log, append, epoch, base } = await setUp()
    await append([put('a')])
    const wrong = shift({ ...base, n: 1 })
    expect(await append([put('b')], { base: wrong })).toEqual({ kind: 'lost' })
    expect(await log.heartbeat('east', epoch, wrong)).toEqual({ kind: 'lost' })
    expect((await log.read('east'))!.objects.size).toBe(1)
  })
  it('answers a heartbeat with the position', async () => {
    const { log, append, epoch, base } = await setUp()
    await append([put('a')])
    const position = { ...base, n: 1 }
    expect(await log.heartbeat('east', epoch, position)).toEqual({ kind: 'appended', position })
  })
  it('lets one of several appends on the same base win', async () => {
    const { log, other, epoch, base } = await setUp()
    const names = Array.from({ length: 10 }, (_, i) => `s${i}`)
    const results = await Promise.all(
      names.map((name, i) =>
        (i % 2 ? log : other).append({ site: 'east', epoch, base, changes: [put(name), put(`${name}-b`)] }),
      ),
    )
    expect(results.filter(({ kind }) => kind === 'appended')).toHaveLength(1)
    expect((await log.read('east'))!.objects.size).toBe(2)
  })
  it('renews with another generation, empty and not synced, and epochs go on', async () => {
    const { log, append, epoch, base } = await setUp()
    await append([put('a')], { synced: true })
    const renewed = await log.renew('east', epoch)
    expect(renewed).toMatchObject({ kind: 'appended', position: { n: 0 } })
    const state = (await log.read('east'))!
    expect(state.position.generation).not.toBe(base.generation)
    expect([state.objects.size, state.synced]).toEqual([0, false])
    expect(await log.elect('east')).toBeGreaterThan(epoch)
    expect((await log.read('east'))!.position).toEqual(state.position)
  })
  it('gives a follower the state, then every event in order', async () => {
    const { other, append, base } = await setUp()
    await append([put('a')])
    const heard = listen(other, 'east', stop.signal)
    await vi.waitFor(() => expect(heard).toHaveLength(1), TIMEOUT)
    await append([put('b')])
    await append([gone('a')], { synced: true })
    await vi.waitFor(() => expect(heard.map(brief)).toEqual(['state 1', 'event 2', 'event 3']), TIMEOUT)
    expect(heard.slice(1)).toEqual([
      { kind: 'event', event: { position: { ...base, n: 2 }, changes: [put('b')] } },
      { kind: 'event', event: { position: { ...base, n: 3 }, changes: [gone('a')], synced: true } },
    ])
  })
  it('lets a follower wait for a site that has no log', async () => {
    const { log, other } = await setUp()
    const heard = listen(log, 'later', stop.signal)
    await other.elect('later')
    await vi.waitFor(() => expect(heard.map(brief)).toEqual(['state 0']), TIMEOUT)
  })
  it('follows two sites apart from each other', async () => {
    const { log, other, append } = await setUp()
    const west = await other.elect('west')
    const heard = [listen(log, 'east', stop.signal), listen(log, 'west', stop.signal)]
    await vi.waitFor(() => expect(heard.map((news) => news.length)).toEqual([1, 1]), TIMEOUT)
    await append([put('a')])
    const base = (await log.read('west'))!.position
    await other.append({ site: 'west', epoch: west, base, changes: [put('w')] })
    await vi.waitFor(() => expect(heard.map((news) => news.length)).toEqual([2, 2]), TIMEOUT)
    expect(heard[1]![1]).toMatchObject({ event: { changes: [put('w')] } })
  })
  it('tells a follower of a new generation by a state', async () => {
    const { log, other, append, epoch } = await setUp()
    await append([put('a')])
    const heard = listen(other, 'east', stop.signal)
    await vi.waitFor(() => expect(heard).toHaveLength(1), TIMEOUT)
    const renewed = await log.renew('east', epoch)
    await vi.waitFor(() => expect(heard.at(-1)).toMatchObject({ state: { position: { n: 0 } } }), TIMEOUT)
    if (renewed.kind !== 'appended') throw new Error(renewed.kind)
    await log.append({ site: 'east', epoch, base: renewed.position, changes: [put('z')] })
    await vi.waitFor(() => expect(heard.at(-1)).toMatchObject({ event: { changes: [put('z')] } }), TIMEOUT)
  })
  it('is refilled after a loss, under epochs that are higher still', async () => {
    const { log, other, append, epoch, base, lose } = await setUp()
    await append([put('a')], { synced: true })
    const heard = listen(other, 'east', stop.signal)
    await vi.waitFor(() => expect(heard).toHaveLength(1), TIMEOUT)
    await lose()
    expect(await log.heartbeat('east', epoch, { ...base, n: 1 })).toEqual({ kind: 'lost' })
    expect(await append([put('b')])).toEqual({ kind: 'lost' })
    const renewed = await log.renew('east', epoch)
    if (renewed.kind !== 'appended') throw new Error(renewed.kind)
    expect(renewed.position.generation).not.toBe(base.generation)
    await log.append({ site: 'east', epoch, base: renewed.position, changes: [put('b')], synced: true })
    await vi.waitFor(() => expect(lastObjects(heard)).toEqual(['Service/shop/b']), TIMEOUT)
    await lose()
    expect(await other.elect('east')).toBeGreaterThan(epoch)
  })
  it('rule 4: shows a large append whole or not at all', async () => {
    const { log, other, append } = await setUp()
    const many = Array.from({ length: 3_000 }, (_, i) => put(`s${i}`))
    const heard = listen(other, 'east', stop.signal)
    await vi.waitFor(() => expect(heard).toHaveLength(1), TIMEOUT)
    const appended = append(many)
    const sizes = new Set<number>()
    for (let i = 0; i < 5; i++) sizes.add((await other.read('east'))!.objects.size)
    await appended
    expect([...sizes, 0, 3_000].every((size) => size === 0 || size === 3_000)).toBe(true)
    expect((await log.read('east'))!.objects.size).toBe(3_000)
    await vi.waitFor(() => expect(lastObjects(heard)).toHaveLength(3_000), TIMEOUT)
  })
  it('hands each event to one of two claimers', async () => {
    const { log, other, append } = await setUp()
    const claimed: number[][] = [[], []]
    for (const [i, handle] of [log, other].entries()) {
      void handle.claim(
        'east',
        async (events) => void claimed[i]!.push(...events.map((e) => e.position.n)),
        stop.signal,
      )
    }
    const wanted = Array.from({ length: 20 }, (_, i) => i + 1)
    for (const n of wanted) await append([put('a', n)])
    await vi.waitFor(() => expect(claimed.flat().toSorted((a, b) => a - b)).toEqual(wanted), TIMEOUT)
    for (const list of claimed) expect(list).toEqual(list.toSorted((a, b) => a - b))
  })
  it('hands an event out again when its claimer fails', async () => {
    const { log, append } = await setUp()
    const seen: string[] = []
    await append([put('a')])
    void log.claim('east', async (events) => failOnce(seen, events), stop.signal)
    await vi.waitFor(() => expect(seen).toContain('failed'), TIMEOUT)
    const failed = seen[seen.indexOf('failed') - 1]
    await vi.waitFor(() => expect(seen.filter((n) => n === failed)).toHaveLength(2), TIMEOUT)
  })
  it('hands an event of a claimer that hangs to another', async () => {
    const { log, other, append } = await setUp()
    const hung: LogEvent[] = []
    const helped: LogEvent[] = []
    void log.claim('east', (events) => new Promise(() => hung.push(...events)), stop.signal)
    await append([put('a')])
    await vi.waitFor(() => expect(hung).toHaveLength(1), TIMEOUT)
    void other.claim('east', async (events) => void helped.push(...events), stop.signal)
    const missing = hung[0]!.position.n
    await vi.waitFor(() => expect(helped.map((e) => e.position.n)).toContain(missing), TIMEOUT)
  })
  it('ends follows and claims when the signal aborts and when it is closed', async () => {
    const { log } = await setUp()
    const ends = [
      (async () => {
        for await (const _ of log.follow('east', stop.signal)) stop.abort()
      })(),
      log.claim('east', async () => undefined, stop.signal),
    ]
    await Promise.all(ends)
    const claims = log.claim('east', async () => undefined, new AbortController().signal)
    await log.close()
    await claims
  })
}

function failOnce(seen: string[], events: readonly LogEvent[]): void {
  seen.push(...events.map((e) => `${e.position.n}`))
  if (seen.includes('failed')) return
  seen.push('failed')
  throw new Error('this claimer fails once')
}

/** The names of the objects that a follower knows by what it heard. */
function lastObjects(heard: readonly LogNews[]): string[] {
  const objects = new Set<string>()
  for (const news of heard) {
    if (news.kind === 'state') {
      objects.clear()
      for (const key of news.state.objects.keys()) objects.add(key)
    } else {
      for (const { key, object } of news.event.changes) object ? objects.add(key) : objects.delete(key)
    }
  }
  return [...objects]
}
