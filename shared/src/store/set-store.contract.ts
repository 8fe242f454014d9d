// The promises of set-store.ts, as tests. memory.test.ts and redis.test.ts both call this.
import { afterEach, expect, it, vi } from 'vitest'
import type { Problem } from '../objects/problem.ts'
import { patched } from '../resources/diff.ts'
import { digestOf } from '../resources/digest.ts'
import { resource } from '../resources/resource.ts'
import type { CommitRequest, Entry, EntryKey, NodeStatus, Positions, SetHead, SetNews, SetStore } from './set-store.ts'

export interface StoreFixture {
  readonly store: SetStore
  /** Another process's handle on the same store. */
  readonly other: SetStore
  /** Everything behind the store is gone, as after FLUSHALL. */
  lose(): Promise<void>
  /** Makes so much time pass for what expires. */
  passSeconds(seconds: number): Promise<void>
}

const SET = 'fleet/edge'
const TIMEOUT = { timeout: 10_000, interval: 5 }
export const entry = (name: string, text: string = name): Entry =>
  resource({ type: 'type.googleapis.com/t', name, bytes: Buffer.from(text) })
const keyOf = (name: string): EntryKey => `type.googleapis.com/t\n${name}`
const put = (...entries: Entry[]) => ({ put: entries, remove: [] })
const remove = (...names: string[]) => ({ put: [], remove: names.map(keyOf) })
const at = (n: number, generation = 'g1'): Positions => ({ east: { generation, n } })

/** What a follower knows by what it heard; fails when the news have a gap, go back or do not add up to the digest. */
export function follower(store: SetStore, set: string, signal: AbortSignal, unsealed = false) {
  const heard: SetNews[] = []
  const errors: string[] = []
  let head: SetHead | undefined
  let entries = new Map<EntryKey, Entry>()
  const hear = (news: SetNews): void => {
    heard.push(news)
    if (news.kind === 'contents') {
      if (head?.generation === news.contents.head.generation && news.contents.head.revision < head.revision)
        errors.push(`back to ${news.contents.head.revision} from ${head.revision}`)
      head = news.contents.head
      entries = new Map(news.contents.entries)
    } else {
      if (news.head.revision !== (head?.revision ?? -1) + 1) errors.push(`gap before ${news.head.revision}`)
      head = news.head
      entries = patched(entries, news.change)
    }
    if (digestOf(entries.values()) !== head.digest) errors.push(`digest at ${head.revision}`)
  }
  store.follow(set, hear, { signal, unsealed })
  return {
    heard,
    errors,
    revision: (): number => head?.revision ?? -1,
    generation: (): string | undefined => head?.generation,
    names: (): string[] => [...entries.values()].map(({ name }) => name),
    entries: () => entries,
  }
}

export function storeContract(open: () => Promise<StoreFixture>): void {
  let stop = new AbortController()
  afterEach(() => {
    stop.abort()
    stop = new AbortController()
  })
  const setUp = async ({ seal = true } = {}) => {
    const fixture = await open()
    const { id } = await fixture.store.createGeneration()
    if (seal) await fixture.store.seal(id)
    const commit = (request: Partial<CommitRequest>, store = fixture.store) =>
      store.commit({ set: SET, generation: id, base: 0, positions: {}, change: put(), ...request })
    return { ...fixture, generation: id, commit }
  }

  it('has no generation until one is made, once, and seals only that one', async () => {
    const { store, other } = await open()
    expect(await store.generation()).toBeUndefined()
    const made = await Promise.all([store.createGeneration(), other.createGeneration()])
    expect(made[0]).toEqual(made[1])
    expect(made[0]!.sealed).toBe(false)
    expect(await store.seal('another')).toBe(false)
    expect(await other.generation()).toEqual({ id: made[0]!.id, sealed: false })
    expect(await store.seal(made[0]!.id)).toBe(true)
    expect(await other.createGeneration()).toEqual({ id: made[0]!.id, sealed: true })
  })
  it('knows a set that was never committed at revision 0', async () => {
    const { store, generation } = await setUp()
    const heads = await store.heads([SET, 'endpoints/v'])
    expect(heads.get('endpoints/v')).toMatchObject({ generation, revision: 0, positions: {}, needs: {} })
    expect(await store.load(SET)).toMatchObject({ head: { revision: 0 }, entries: new Map() })
    expect(await store.history(SET, 5)).toEqual([])
  })
  it('rule 4: commits puts and removals as one revision, with a digest over all entries', async () => {
    const { other, commit } = await setUp()
    expect(await commit({ change: put(entry('a'), entry('b')) })).toMatchObject({ head: { revision: 1 } })
    const change = { put: [entry('b', 'new'), entry('c')], remove: [keyOf('a')] }
    const result = await commit({ base: 1, change, needs: { 'endpoints/v': 7 } })
    const { head, entries } = await other.load(SET)
    expect(result).toEqual({ kind: 'committed', head })
    expect(head).toMatchObject({ revision: 2, digest: digestOf([entry('b', 'new'), entry('c')]) })
    expect(head.needs).toEqual({ 'endpoints/v': 7 })
    expect(entries).toEqual(new Map([entry('b', 'new'), entry('c')].map((e) => [keyOf(e.name), e])))
    expect((await other.heads([SET])).get(SET)).toEqual(head)
  })
  it('brings back every field of an entry', async () => {
    const { other, commit } = await setUp()
    const entries: Entry[] = [
      resource({ type: 't', name: 'bare', bytes: new Uint8Array() }),
      resource({ type: 't', name: 'binary ü\n', bytes: Uint8Array.from({ length: 256 }, (_, i) => i) }),
      resource({
        type: 't',
        name: 'full',
        bytes: Buffer.from('x'),
        endpointsName: 'e',
        ttlSeconds: 9,
        aliases: ['p', 'q'],
      }),
      { type: 't', name: 'link', link: 'endpoints/v' },
    ]
    await commit({ change: put(...entries) })
    const loaded = [...(await other.load(SET)).entries.values()]
    const plain = (list: readonly Entry[]) =>
      list
        .map((e) => ('bytes' in e ? { ...e, bytes: Buffer.from(e.bytes).toString('hex') } : e))
        .toSorted((a, b) => a.name.localeCompare(b.name))
    expect(plain(loaded)).toEqual(plain(entries))
  })
  it.each<[string, Positions, Positions, 'committed' | 'stale']>([
    ['the same', at(5), at(5), 'committed'],
    ['a later', at(5), at(6), 'committed'],
    ['an earlier', at(5), at(4), 'stale'],
    ['another generation', at(5), at(1, 'g2'), 'committed'],
    ['a missing site', at(5), {}, 'stale'],
    ['one more site', at(5), { ...at(5), west: { generation: 'w', n: 0 } }, 'committed'],
    ['one site later, one earlier', { ...at(5), west: at(5).east! }, { ...at(9), west: at(4).east! }, 'stale'],
  ])('rule 3: over a position vector: %s is %s %s %s', async (_name, before, positions, kind) => {
    const { store, commit } = await setUp()
    await commit({ positions: before, change: put(entry('a')) })
    const [changed] = [await commit({ base: 1, positions, change: put(entry('b')) })]
    expect(changed.kind).toBe(kind)
    const head = (await store.heads([SET])).get(SET)!
    expect(changed).toMatchObject({ head })
    expect(head.revision).toBe(kind === 'committed' ? 2 : 1)
    expect(head.positions).toEqual(kind === 'committed' ? positions : before)
  })
  it('refuses a log generation that the head has left', async () => {
    const { commit } = await setUp()
    await commit({ positions: at(5), change: put(entry('a')) })
    await commit({ base: 1, positions: at(1, 'g2'), change: put(entry('b')) })
    expect(await commit({ base: 2, positions: at(9), change: put(entry('c')) })).toMatchObject({ kind: 'stale' })
    expect(await commit({ base: 2, positions: at(2, 'g2'), change: put(entry('c')) })).toMatchObject({
      kind: 'committed',
    })
  })
  it('refuses another base and says the present head', async () => {
    const { store, commit } = await setUp()
    await commit({ change: put(entry('a')) })
    for (const base of [0, 2]) {
      const result = await commit({ base, change: put(entry('b')) })
      expect(result).toEqual({ kind: 'conflict', head: (await store.heads([SET])).get(SET) })
    }
    expect([...(await store.load(SET)).entries.keys()]).toEqual([keyOf('a')])
  })
  it('lets one of several commits on the same base win', async () => {
    const { store, other, commit } = await setUp()
    const names = Array.from({ length: 10 }, (_, i) => `r${i}`)
    const results = await Promise.all(
      names.map((name, i) => commit({ change: put(entry(name), entry('x', name)) }, i % 2 ? store : other)),
    )
    expect(results.filter(({ kind }) => kind === 'committed')).toHaveLength(1)
    expect((await store.load(SET)).entries.size).toBe(2)
  })
  it.each([
    ['nothing', put()],
    ['an equal version', put(entry('a'))],
    ['a removal of nothing', remove('b')],
  ])('advances the positions alone for a commit of %s', async (_name, change) => {
    const { store, commit } = await setUp()
    const known = follower(store, SET, stop.signal)
    await commit({ positions: at(1), change: put(entry('a')) })
    const { head } = await store.load(SET)
    expect(await commit({ base: 1, positions: at(2), change })).toEqual({
      kind: 'committed',
      head: { ...head, positions: at(2) },
    })
    await commit({ base: 1, positions: at(3), change: put(entry('z')) })
    await vi.waitFor(() => expect(known.revision()).toBe(2), TIMEOUT)
    expect(known.errors).toEqual([])
  })
  it('counts the last put of a key, and a put before a removal of the same key', async () => {
    const { store, commit } = await setUp()
    await commit({ change: put(entry('a')) })
    await commit({ base: 1, change: { put: [entry('a', '1'), entry('a', '2')], remove: [keyOf('a')] } })
    const { head, entries } = await store.load(SET)
    expect([...entries.values()]).toEqual([entry('a', '2')])
    expect(head.digest).toBe(digestOf(entries.values()))
  })
  it('keeps the history of changes with what stood there before, newest first', async () => {
    const { other, commit } = await setUp()
    await commit({ change: put(entry('a'), entry('b')), cause: 'first' })
    await commit({ base: 1, change: { put: [entry('a', 'new')], remove: [keyOf('b')] }, cause: 'x'.repeat(300) })
    const [second, first] = await other.history(SET, 5)
    expect(second).toMatchObject({ revision: 2, cause: 'x'.repeat(200) })
    expect(second!.changes).toEqual([
      { key: keyOf('a'), before: entry('a'), after: entry('a', 'new') },
      { key: keyOf('b'), before: entry('b') },
    ])
    expect(first).toMatchObject({
      revision: 1,
      cause: 'first',
      changes: [{ after: entry('a') }, { after: entry('b') }],
    })
    expect(first!.at).toBeInstanceOf(Date)
    expect(await other.history(SET, 1)).toHaveLength(1)
  })
  it('gives a follower the contents, then each change of whichever process', async () => {
    const { store, other, commit } = await setUp()
    await commit({ change: put(entry('a')) })
    const known = follower(store, SET, stop.signal)
    await vi.waitFor(() => expect(known.revision()).toBe(1), TIMEOUT)
    await commit({ base: 1, change: put(entry('b')), positions: at(3) }, other)
    await commit({ base: 2, change: remove('a'), positions: at(4) })
    await vi.waitFor(() => expect(known.revision()).toBe(3), TIMEOUT)
    expect(known.heard.slice(1)).toMatchObject([
      { kind: 'change', head: { revision: 2, positions: at(3) }, change: put(entry('b')) },
      { kind: 'change', head: { revision: 3, positions: at(4) }, change: remove('a') },
    ])
    expect([known.errors, known.names()]).toEqual([[], ['b']])
  })
  it('follows a set that does not exist, and a large change', async () => {
    const { store, other, commit } = await setUp()
    const known = follower(other, SET, stop.signal)
    await vi.waitFor(() => expect(known.revision()).toBe(0), TIMEOUT)
    const many = Array.from({ length: 3_000 }, (_, i) => entry(`r${i}`, `${i}`.repeat(20)))
    await commit({ change: put(...many) })
    await vi.waitFor(() => expect(known.entries().size).toBe(3_000), TIMEOUT)
    await commit({ base: 1, change: put(entry('r5', 'new')) })
    await vi.waitFor(() => expect(known.revision()).toBe(2), TIMEOUT)
    expect(known.errors).toEqual([])
    expect((await store.load(SET)).entries).toEqual(known.entries())
  })
  it('keeps two followers of one set in step through a burst of commits', async () => {
    const { store, other, commit } = await setUp()
    const both = [follower(store, SET, stop.signal), follower(other, SET, stop.signal)]
    for (let base = 0; base < 40; base++) {
      const change = base % 3 === 2 ? remove(`r${base - 1}`) : put(entry(`r${base}`), entry('same', `${base}`))
      await commit({ base, change }, base % 2 ? store : other)
    }
    await vi.waitFor(() => expect(both.map((known) => known.revision())).toEqual([40, 40]), TIMEOUT)
    expect(both.map((known) => known.errors)).toEqual([[], []])
    expect(both[0]!.entries()).toEqual((await store.load(SET)).entries)
  })
  it('says nothing of an unsealed generation, but to those who ask for it', async () => {
    const { store, other, commit, generation } = await setUp({ seal: false })
    const edge = follower(store, SET, stop.signal)
    const publisher = follower(store, SET, stop.signal, true)
    await commit({ change: put(entry('a')) })
    await vi.waitFor(() => expect(publisher.names()).toEqual(['a']), TIMEOUT)
    expect(edge.heard).toEqual([])
    await other.seal(generation)
    await vi.waitFor(() => expect(edge.names()).toEqual(['a']), TIMEOUT)
    expect(edge.heard).toHaveLength(1)
  })
  it('rule 2: says nothing after a loss until the new generation is sealed, then its contents', async () => {
    const { store, other, commit, generation, lose } = await setUp()
    const known = follower(store, SET, stop.signal)
    await vi.waitFor(() => expect(known.revision()).toBe(0), TIMEOUT)
    await commit({ change: put(entry('a')) })
    await vi.waitFor(() => expect(known.names()).toEqual(['a']), TIMEOUT)
    await lose()
    expect(await commit({ base: 1, change: put(entry('late')) })).toMatchObject({ kind: 'lost' })
    const next = await other.createGeneration()
    expect(next).toMatchObject({ sealed: false })
    expect(next.id).not.toBe(generation)
    expect(await commit({ base: 1, change: put(entry('late')) })).toEqual({ kind: 'lost', generation: next.id })
    expect(await commit({ base: 0, change: put(entry('late')) })).toEqual({ kind: 'lost', generation: next.id })
    await commit({ generation: next.id, change: put(entry('b')) }, other)
    const watcher = follower(other, SET, stop.signal, true)
    await vi.waitFor(() => expect(watcher.names()).toEqual(['b']), TIMEOUT)
    expect(known.names()).toEqual(['a'])
    expect(await other.seal(generation)).toBe(false)
    await other.seal(next.id)
    await vi.waitFor(() => expect(known.names()).toEqual(['b']), TIMEOUT)
    expect(known.generation()).toBe(next.id)
    expect(known.heard.map(({ kind }) => kind)).toEqual(['contents', 'change', 'contents'])
  })
  it('ends news when the signal aborts', async () => {
    const { store, commit } = await setUp()
    const known = follower(store, SET, stop.signal)
    const still = follower(store, SET, new AbortController().signal)
    await vi.waitFor(() => expect([known.revision(), still.revision()]).toEqual([0, 0]), TIMEOUT)
    stop.abort()
    await commit({ change: put(entry('a')) })
    await vi.waitFor(() => expect(still.revision()).toBe(1), TIMEOUT)
    expect(known.revision()).toBe(0)
    await store.close()
  })
  it('keeps the problems of a set apart from its content', async () => {
    const { store, other } = await setUp()
    const problem: Problem = { severity: 'error', code: 'yaml', message: 'bad', place: { key: 'a.yaml', line: 3 } }
    expect(await store.problems(SET)).toEqual([])
    await store.setProblems(SET, [problem])
    expect(await other.problems(SET)).toEqual([problem])
    await store.setProblems(SET, [])
    expect(await other.problems(SET)).toEqual([])
    expect((await store.heads([SET])).get(SET)).toMatchObject({ revision: 0 })
  })
  it('keeps the status of nodes until their time is over', async () => {
    const { store, other, passSeconds } = await setUp()
    const node = (id: string, edge: string): NodeStatus => ({
      id,
      edge,
      cluster: 'c',
      address: '127.0.0.1:1',
      connectedAt: '2026-01-01T00:00:00Z',
      types: { cds: { version: '1', acked: true, revision: 3 } },
    })
    await store.putNodes('e1', [node('a', 'e1'), node('b', 'e1')], 1)
    await other.putNodes('e2', [node('c', 'e2')], 60)
    const seen = await store.nodes()
    expect(seen.toSorted((a, b) => a.id.localeCompare(b.id))).toEqual([
      node('a', 'e1'),
      node('b', 'e1'),
      node('c', 'e2'),
    ])
    await passSeconds(1)
    await vi.waitFor(async () => expect((await other.nodes()).map(({ id }) => id)).toEqual(['c']), TIMEOUT)
  })
}
