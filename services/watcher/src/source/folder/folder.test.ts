import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { alwaysLeads } from '@fleetcast/shared/log/leadership'
import { createMemoryLog, type MemoryLog } from '@fleetcast/shared/log/memory'
import type { KubeObject, ObjectChange } from '@fleetcast/shared/objects/object'
import { systemClock } from '@fleetcast/shared/runtime/clock'
import { silentLogger } from '@fleetcast/shared/runtime/logger'
import { createMetrics } from '@fleetcast/shared/runtime/metrics'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { compare } from '../../cut/metadata.ts'
import { createWatcher, type Watcher } from '../../watcher.ts'
import { createFolderSource } from './folder.ts'

const SITE = 'here'
const service = (name: string, port = 80): string =>
  `apiVersion: v1\nkind: Service\nmetadata:\n  name: ${name}\nspec:\n  ports:\n  - port: ${port}\n`

let root: string
let folder: string
let log: MemoryLog
let watcher: Watcher
let changes: ObjectChange[]
let stop: AbortController
let running: Promise<void>
/** The time of the source, which a test may stop. */
let now: () => number

const write = (path: string, text: string | Uint8Array): Promise<void> => writeFile(join(folder, path), text)
const start = (): void => {
  stop = new AbortController()
  const source = createFolderSource({ folder, clock: { ...systemClock, now: () => now() }, random: Math.random })
  watcher = createWatcher({
    site: SITE,
    source,
    log,
    leadership: alwaysLeads,
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
    metrics: createMetrics(),
  })
  running = watcher.run(stop.signal)
}
const end = async (): Promise<void> => {
  stop.abort()
  await running
}
const objects = async (): Promise<ReadonlyMap<string, KubeObject>> => (await log.read(SITE))?.objects ?? new Map()
const keys = async (): Promise<string[]> => [...(await objects()).keys()].sort(compare)
const until = (check: () => Promise<void> | void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 5 })
const untilKeys = (expected: string[]): Promise<void> => until(async () => expect(await keys()).toEqual(expected))
const synced = (): Promise<void> => until(async () => expect((await log.read(SITE))?.synced).toBe(true))
const portOf = async (name: string): Promise<number | undefined> => {
  const object = (await objects()).get(`Service/default/${name}`)
  return object?.kind === 'Service' ? object.ports[0]?.port : undefined
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'fleetcast-folder-'))
  folder = join(root, 'folder')
  await mkdir(folder)
  log = createMemoryLog()
  now = systemClock.now
  changes = []
  const append = log.append
  log.append = (request) => {
    changes.push(...request.changes)
    return append(request)
  }
})
afterEach(async () => {
  await end()
  await log.close()
  await rm(root, { recursive: true, force: true })
})

describe('a folder', () => {
  it('is synced when it is empty', async () => {
    start()
    await synced()
    expect(watcher.missing()).toEqual([])
  })

  it('is waited for while it is not there', async () => {
    await rm(folder, { recursive: true })
    start()
    await until(() => expect(watcher.missing().join()).toContain('is not there'))
    await mkdir(folder)
    await write('a.yaml', service('a'))
    await untilKeys(['Service/default/a'])
    await until(() => expect(watcher.missing()).toEqual([]))
  })

  it('follows edits, additions, deletions and new sub-folders', async () => {
    await write('a.yaml', service('a'))
    start()
    await untilKeys(['Service/default/a'])
    await write('a.yaml', service('a', 81))
    await until(async () => expect(await portOf('a')).toBe(81))
    await mkdir(join(folder, 'new/deep'), { recursive: true })
    await write('new/deep/b.json', JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'b' } }))
    await untilKeys(['Node//b', 'Service/default/a'])
    await write('new/deep/b.json', JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'c' } }))
    await untilKeys(['Node//c', 'Service/default/a'])
    await rm(join(folder, 'a.yaml'))
    await untilKeys(['Node//c'])
    await rm(join(folder, 'new'), { recursive: true })
    await untilKeys([])
  })

  it('follows what editors do: the old form away, a new file in its place', async () => {
    await write('a.yaml', service('a'))
    start()
    await untilKeys(['Service/default/a'])
    for (const port of [81, 82, 83]) {
      await rename(join(folder, 'a.yaml'), join(folder, 'a.yaml~'))
      await write('a.yaml', service('a', port))
      await until(async () => expect(await portOf('a')).toBe(port))
      await write('.a.yaml.tmp', service('a', port + 10))
      await rename(join(folder, '.a.yaml.tmp'), join(folder, 'a.yaml'))
      await until(async () => expect(await portOf('a')).toBe(port + 10))
    }
    expect(changes.filter(({ object }) => object === undefined)).toEqual([])
  })

  it('follows the swap of a ConfigMap volume', async () => {
    const swap = async (version: string, files: Record<string, string>): Promise<void> => {
      await mkdir(join(folder, version))
      for (const [name, text] of Object.entries(files)) await write(join(version, name), text)
      await symlink(version, join(folder, '..data_tmp'))
      await rename(join(folder, '..data_tmp'), join(folder, '..data'))
    }
    await swap('..1', { 'a.yaml': service('a') })
    await symlink('..data/a.yaml', join(folder, 'a.yaml'))
    start()
    await untilKeys(['Service/default/a'])
    await swap('..2', { 'a.yaml': service('a', 81), 'b.yaml': service('b') })
    await symlink('..data/b.yaml', join(folder, 'b.yaml'))
    await rm(join(folder, '..1'), { recursive: true })
    await until(async () => expect(await portOf('a')).toBe(81))
    await untilKeys(['Service/default/a', 'Service/default/b'])
  })

  it('keeps everything when it is removed, and says so', async () => {
    await write('a.yaml', service('a'))
    await write('b.yaml', service('b'))
    start()
    await untilKeys(['Service/default/a', 'Service/default/b'])
    await rm(folder, { recursive: true })
    await until(() =>
      expect(watcher.problems().map((p) => p.message)).toEqual([expect.stringContaining('is not there')]),
    )
    expect(await keys()).toEqual(['Service/default/a', 'Service/default/b'])
    await mkdir(folder)
    await write('a.yaml', service('a', 81))
    await untilKeys(['Service/default/a'])
    expect(await portOf('a')).toBe(81)
    expect(watcher.problems()).toEqual([])
  })

  it('reads a file that became empty again before it believes it', async () => {
    await write('a.yaml', service('a'))
    start()
    await untilKeys(['Service/default/a'])
    // Nothing is waited for in between: on a busy machine that alone may take as long as a file may be empty.
    await write('a.yaml', '')
    await write('b.yaml', service('b'))
    await write('a.yaml', service('a', 81))
    await until(async () => expect(await portOf('a')).toBe(81))
    expect(changes.filter(({ object }) => object === undefined)).toEqual([])
    await write('a.yaml', '')
    await untilKeys(['Service/default/b'])
  })

  it('takes the first path where two files hold one object, and a move for no change', async () => {
    await write('b.yaml', service('x', 2))
    await write('c.yaml', service('x', 3))
    start()
    await synced()
    expect(await portOf('x')).toBe(2)
    expect(watcher.problems()).toMatchObject([
      { code: 'duplicate', place: { file: 'c.yaml', object: 'Service/default/x' } },
    ])
    await write('a.yaml', service('x', 1))
    await until(async () => expect(await portOf('x')).toBe(1))
    await rm(join(folder, 'a.yaml'))
    await until(async () => expect(await portOf('x')).toBe(2))
    await rm(join(folder, 'c.yaml'))
    await until(() => expect(watcher.problems()).toEqual([]))
    const before = changes.length
    await rename(join(folder, 'b.yaml'), join(folder, 'z.yaml'))
    await write('marker.yaml', service('marker'))
    await untilKeys(['Service/default/marker', 'Service/default/x'])
    await rm(join(folder, 'marker.yaml'))
    await untilKeys(['Service/default/x'])
    expect(changes.slice(before).map(({ key }) => key)).toEqual(['Service/default/marker', 'Service/default/marker'])
  })

  it('removes nothing that an earlier life of the log holds while a file that may hold it can not be read', async () => {
    await write('a.yaml', service('a'))
    await write('b.yaml', service('b'))
    start()
    await untilKeys(['Service/default/a', 'Service/default/b'])
    await end()
    await write('a.yaml', 'kind: [Service\n')
    await rm(join(folder, 'b.yaml'))
    start()
    await until(() => expect(watcher.problems()).toHaveLength(1))
    await write('c.yaml', service('c'))
    await untilKeys(['Service/default/a', 'Service/default/b', 'Service/default/c'])
    await write('a.yaml', service('a', 81))
    await untilKeys(['Service/default/a', 'Service/default/c'])
    expect(watcher.problems()).toEqual([])
  })
})

describe('a file that can not be read', () => {
  const cases: [string, string | Uint8Array, RegExp, Partial<{ line: number }>][] = [
    ['a mistake in YAML', `${service('a')}  bad: [\n`, /./, { line: 9 }],
    ['half a file', service('a').slice(0, 40), /./, {}],
    ['no UTF-8', Uint8Array.from([0x6b, 0xff, 0xfe, 0x00, 0x80]), /UTF-8/, {}],
    ['too large', new Uint8Array(10 * 1024 * 1024 + 1).fill(0x78), /larger than 10 MB/, {}],
    [
      'a bomb of aliases',
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [${'*a,'.repeat(99)}]\nc: &c [${'*b,'.repeat(99)}]\n`,
      /alias/i,
      {},
    ],
    ['nested without end', '['.repeat(20_000), /./, {}],
    ['a wrong field', service('a').replace('80', 'eighty'), /expected/, { line: 7 }],
    ['no name', service('a').replace('name: a', 'nome: a'), /expected/, { line: 4 }],
  ]
  it.each(cases)('keeps its last good form: %s', async (_name, text, message, place) => {
    await write('a.yaml', service('a'))
    start()
    await untilKeys(['Service/default/a'])
    await write('a.yaml', text)
    const expected = { message: expect.stringMatching(message), place: { site: SITE, file: 'a.yaml', ...place } }
    await until(() => expect(watcher.problems()[0]).toMatchObject(expected))
    await write('b.yaml', service('b'))
    await untilKeys(['Service/default/a', 'Service/default/b'])
    await write('a.yaml', service('a', 81))
    await until(async () => expect(await portOf('a')).toBe(81))
    expect(watcher.problems()).toEqual([])
  })

  it('is never read while it is half written', async () => {
    const whole = Array.from({ length: 3_000 }, (_, at) => service(`s${at}`)).join('---\n')
    await write('a.yaml', whole)
    start()
    await until(async () => expect(await keys()).toHaveLength(3_000))
    for (let at = 0; at < whole.length; at += 50_000)
      await writeFile(join(folder, 'a.yaml'), whole.slice(at, at + 50_000), { flag: at === 0 ? 'w' : 'a' })
    await write('b.yaml', service('b'))
    await until(async () => expect(await keys()).toHaveLength(3_001))
    expect(changes.filter(({ object }) => object === undefined)).toEqual([])
    expect(await readFile(join(folder, 'a.yaml'), 'utf8')).toBe(whole)
  })

  it.each([
    ['at the end of a document', '---\n', ''],
    [
      'within a document',
      'apiVersion: v1\nkind: Service\nmetadata:\n  name: c\nspec:\n  ports:\n  - port: 80\n',
      '  - port: 81\n',
    ],
  ])('is not believed while it may be half written: cut off %s', async (_where, kept, cut) => {
    const half = `${service('a')}---\n${kept}`
    await write('a.yaml', `${half}${cut}---\n${service('d')}`)
    start()
    await until(async () => expect(await keys()).toContain('Service/default/d'))
    const stopped = now()
    now = () => stopped
    changes = []
    await write('a.yaml', half)
    await write('b.yaml', service('b'))
    await until(async () => expect(await keys()).toContain('Service/default/b'))
    expect(changes.map(({ key }) => key)).toEqual(['Service/default/b'])
    now = systemClock.now
    await until(async () => expect(await keys()).not.toContain('Service/default/d'))
  })

  it('does not follow a loop of links, and stops for no hidden or foreign file', async () => {
    await mkdir(join(folder, 'sub'))
    await symlink('..', join(folder, 'sub', 'up'))
    await symlink('nowhere.yaml', join(folder, 'dangling.yaml'))
    await write('.hidden.yaml', 'kind: [')
    await write('notes.txt', 'kind: [')
    await write('sub/a.yaml', service('a'))
    start()
    await untilKeys(['Service/default/a'])
    expect(watcher.problems()).toEqual([])
  })
})
