import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFileSet, type FileSet, type OutputFiles } from './file-set.ts'

let folder = ''
let open: FileSet[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fleetcast-files-'))
})
afterEach(async () => {
  for (const set of open) set.close()
  open = []
  await rm(folder, { recursive: true })
})

/** A clock that stands still until it is moved. */
function fakeClock() {
  let nowMs = 0
  const timers = new Map<() => void, number>()
  return {
    now: () => nowMs,
    after(delayMs: number, run: () => void) {
      timers.set(run, nowMs + delayMs)
      return () => void timers.delete(run)
    },
    advance(ms: number) {
      nowMs += ms
      for (const [run, at] of [...timers]) {
        if (at > nowMs) continue
        timers.delete(run)
        run()
      }
    },
  }
}

function start(removeAfterMs = 0, clock = fakeClock()) {
  const set = createFileSet({
    folder,
    clock,
    removeAfterMs,
    onError: (error) => {
      throw error
    },
  })
  open.push(set)
  return { set, clock }
}

const files = (all: Record<string, string>): OutputFiles =>
  new Map(Object.entries(all).map(([path, text]) => [path, { text }]))

/** What an Envoy sees, under both paths. */
async function seen(): Promise<Record<string, string>> {
  const names = (await readdir(folder, { recursive: true })).filter((n) => !n.startsWith('.'))
  const texts: Record<string, string> = {}
  for (const name of names.sort()) {
    const text = await readFile(join(folder, name), 'utf8').catch(() => undefined)
    if (text !== undefined) texts[name] = text
  }
  return texts
}
const both = (all: Record<string, string>): Record<string, string> => ({
  ...all,
  ...Object.fromEntries(Object.entries(all).map(([path, text]) => [`current/${path}`, text])),
})

describe('a set of files', () => {
  test('every file of a delivery, in folders too', async () => {
    const { set } = start()
    await set.deliver(files({ 'lds.yaml': 'a', 'eds/x.yaml': 'b' }))
    expect(await seen()).toEqual(both({ 'lds.yaml': 'a', 'eds/x.yaml': 'b' }))
  })

  test('only what changed is written', async () => {
    const { set } = start()
    await set.deliver(files({ a: '1', b: '1' }))
    expect(await set.deliver(files({ a: '1', b: '2' }))).toEqual({ written: ['b'], removed: [] })
    expect(await set.deliver(files({ a: '1', b: '2' }))).toEqual({ written: [], removed: [] })
    // Another process finds what the first one left.
    const { set: other } = start()
    expect(await other.deliver(files({ a: '1', b: '2' }))).toEqual({ written: [], removed: [] })
    expect(await seen()).toEqual(both({ a: '1', b: '2' }))
  })

  test('rule 4: all files change in one step: there is one link to swap', async () => {
    const { set } = start()
    await set.deliver(files({ a: '1', b: '1' }))
    const a = await readFile(join(folder, '.set', 'a'), 'utf8')
    await set.deliver(files({ a: '2', b: '2' }))
    expect([a, await readFile(join(folder, '.set', 'a'), 'utf8')]).toEqual(['1', '2'])
    expect((await readdir(join(folder, '.sets'))).length).toBe(1)
  })

  test('rule 6: what is left out goes later, and stays where it comes back', async () => {
    const { set, clock } = start(5000)
    await set.deliver(files({ a: '1', b: '1' }))
    expect(await set.deliver(files({ a: '2' }))).toEqual({ written: ['a'], removed: [] })
    expect(await seen()).toEqual(both({ a: '2', b: '1' }))
    clock.advance(4999)
    await set.deliver(files({ a: '2', b: '1' }))
    clock.advance(10_000)
    expect(await seen()).toEqual(both({ a: '2', b: '1' }))
    await set.deliver(files({ a: '2' }))
    clock.advance(5000)
    // A delivery comes after what the clock began.
    expect(await set.deliver(files({ a: '2' }))).toEqual({ written: [], removed: [] })
    expect(await seen()).toEqual(both({ a: '2' }))
  })

  test('rule 2: while a part is not known nothing goes', async () => {
    const { set, clock } = start(5000)
    await set.deliver(files({ a: '1', b: '1' }))
    await set.deliver(files({ a: '2' }), true)
    clock.advance(10_000)
    await set.deliver(files({ a: '2' }), true)
    expect(await seen()).toEqual(both({ a: '2', b: '1' }))
  })

  test('rule 8: a secret is readable by this user only, also while it is kept', async () => {
    const { set } = start(5000)
    await set.deliver(new Map([['sds/a', { text: 'SECRET', sensitive: true }], ...files({ b: '1' })]))
    await set.deliver(files({ b: '2' }))
    const modes = ['sds/a', 'b'].map(async (path) => (await stat(join(folder, path))).mode & 0o777)
    expect(await Promise.all(modes)).toEqual([0o600, 0o644])
  })

  test('files of others stay', async () => {
    await writeFile(join(folder, 'bootstrap.yaml'), 'mine')
    const { set } = start()
    await set.deliver(files({ a: '1' }))
    await set.deliver(files({}))
    expect(await seen()).toEqual({ 'bootstrap.yaml': 'mine' })
  })

  test('a preview changes nothing', async () => {
    const { set } = start()
    await set.deliver(files({ a: '1' }))
    expect(await set.preview(files({ b: '1' }))).toEqual({ written: ['b'], removed: ['a'] })
    expect(await seen()).toEqual(both({ a: '1' }))
  })
})
