// The state directory on a real disk: what is kept is what comes back, whole, or not at all.
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf } from '@fleetcast/shared/resources/digest'
import { type Resource, resource } from '@fleetcast/shared/resources/resource'
import { CLUSTER, SECRET } from '@fleetcast/shared/resources/types'
import type { Clock } from '@fleetcast/shared/runtime/clock'
import { silentLogger } from '@fleetcast/shared/runtime/logger'
import { DIRECTORY } from '@fleetcast/shared/store/directory'
import { type Entry, entryKey, type SetContents } from '@fleetcast/shared/store/set-store'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createStateDir, type StateDir } from './state-dir.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'state-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Nothing is written before the test asks for it. */
const stillClock: Clock = { now: () => 0, after: () => () => {} }
const open = (sealKey?: Uint8Array): StateDir =>
  createStateDir({ folder, sealKey, clock: stillClock, logger: silentLogger })

const cluster = (name: string, text = name): Resource =>
  resource({ type: CLUSTER, name, bytes: Buffer.from(text), endpointsName: name, ttlSeconds: 5, aliases: ['x'] })
const contents = (entries: readonly Entry[], revision = 1): SetContents => ({
  head: {
    generation: 'g',
    revision,
    digest: digestOf(entries),
    positions: { site: { generation: 'l', n: 4 } },
    needs: { 'endpoints/v': 2 },
  },
  entries: new Map(entries.map((entry) => [entryKey(entry), entry])),
})
const many = Array.from({ length: 1200 }, (_, i) => cluster(`c${i}`))
const link: Entry = { type: CLUSTER, name: 'l', link: 'endpoints/v' }

test('what was noted comes back, the directory first', async () => {
  const first = open()
  first.note('fleet/a', { kind: 'contents', contents: contents([...many, link]) })
  first.note(DIRECTORY, { kind: 'contents', contents: contents([]) })
  const { head } = contents([...many.slice(1), link, cluster('new')], 2)
  const change = { put: [cluster('new')], remove: [entryKey(cluster('c0'))] }
  first.note('fleet/a', { kind: 'change', head, change })
  await first.flush()
  const kept = await open().load()
  expect(kept.map(({ set }) => set)).toEqual([DIRECTORY, 'fleet/a'])
  const fleet = kept[1]!.contents
  expect(fleet.head).toEqual(head)
  expect(fleet.entries.size).toBe(1201)
  expect(fleet.entries.get(entryKey(cluster('new')))).toEqual(cluster('new'))
})

test('a set that is not wanted any more loses its file', async () => {
  const first = open()
  for (const set of ['fleet/a', 'fleet/b', DIRECTORY]) first.note(set, { kind: 'contents', contents: contents([]) })
  await first.flush()
  first.keepOnly(new Set(['fleet/b']))
  await first.flush()
  expect((await open().load()).map(({ set }) => set)).toEqual([DIRECTORY, 'fleet/b'])
})

describe('files that are not used', () => {
  const rows: [string, (file: Buffer) => Buffer][] = [
    ['cut short', (file) => file.subarray(0, file.length - 3)],
    ['an entry missing', (file) => file.subarray(0, file.indexOf(10) + 1)],
    ['another format', (file) => Buffer.from(file.toString('latin1').replace('"format":1', '"format":9'), 'latin1')],
    ['garbage', () => randomBytes(200)],
    ['empty', () => Buffer.alloc(0)],
  ]
  test.each(rows)('%s', async (_name, spoil) => {
    const first = open()
    first.note('fleet/a', { kind: 'contents', contents: contents([cluster('a'), cluster('b', 'z')]) })
    await first.flush()
    const [name = ''] = await readdir(folder)
    const spoilt = spoil(await readFile(join(folder, name)))
    await writeFile(join(folder, name), spoilt)
    expect(await open().load()).toEqual([])
  })
})

test('rule 8: a secret is kept sealed, or its set is not kept', async () => {
  const secret = resource({ type: SECRET, name: 's', bytes: Buffer.from('private key'), sensitive: true })
  const key = randomBytes(32)
  for (const [sealKey, expected] of [
    [undefined, 0],
    [key, 1],
  ] as const) {
    const dir = open(sealKey)
    dir.note('fleet/a', { kind: 'contents', contents: contents([secret]) })
    await dir.flush()
    const names = await readdir(folder)
    expect(names.length).toBe(expected)
    for (const name of names) expect((await readFile(join(folder, name))).includes('private key')).toBe(false)
  }
  expect((await open(key).load()).length).toBe(1)
  expect((await open().load()).length).toBe(0)
})

test('no folder and an unwritable one are no failure', async () => {
  await rm(folder, { recursive: true })
  expect(await open().load()).toEqual([])
  await writeFile(folder, 'in the way')
  const dir = open()
  dir.note('fleet/a', { kind: 'contents', contents: contents([]) })
  await dir.flush()
  expect(await open().load()).toEqual([])
})
