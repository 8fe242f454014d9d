// The state directory on a real disk: what is kept is what comes back, whole, or not at all.
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type KubeObject, objectKey } from '@fleetcast/shared/objects/object'
import { silentLogger } from '@fleetcast/shared/runtime/logger'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { configMap, secret, service } from '../testing/objects.ts'
import { createStateDir, type KeptSite } from './state-dir.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'state-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const site = (name: string, ...objects: readonly KubeObject[]): KeptSite => ({
  site: name,
  position: { generation: 'g', n: 3 },
  objects: new Map(objects.map((object) => [objectKey(object), object])),
})
/** Nothing is written before the test asks for it. */
const open = (sites: readonly KeptSite[], sealKey?: Uint8Array) =>
  createStateDir({
    folder,
    sealKey,
    clock: { now: () => 0, after: () => () => {} },
    logger: silentLogger,
    now: (name) => sites.find((each) => each.site === name),
  })
async function keep(sites: readonly KeptSite[], sealKey?: Uint8Array): Promise<void> {
  const dir = open(sites, sealKey)
  for (const each of sites) dir.note(each.site)
  dir.note('unknown')
  await dir.flush()
}

test('what was noted comes back', async () => {
  const sites = [site('east', service('shop/a'), configMap('shop/web', 'web', { k: 'v' })), site('we/st')]
  await keep(sites)
  expect((await open([]).load()).toSorted((a, b) => (a.site < b.site ? -1 : 1))).toEqual(sites)
})

const spoilt: [string, (text: string) => string][] = [
  ['cut short', (text) => text.slice(0, -3)],
  ['without its objects', (text) => text.slice(0, text.indexOf('\n') + 1)],
  ['of another format', (text) => text.replace('"format":1', '"format":9')],
  ['changed', (text) => text.replace('Service/shop/a', 'Service/shop/b')],
  ['garbage', () => randomBytes(200).toString('latin1')],
  ['empty', () => ''],
]
test.each(spoilt)('a file that is %s is not used, others are', async (_name, spoil) => {
  await keep([site('east', service('shop/a'))])
  const [name = ''] = await readdir(folder)
  await writeFile(join(folder, name), spoil(await readFile(join(folder, name), 'utf8')))
  await keep([site('west')])
  expect(await open([]).load()).toEqual([site('west')])
})

test('rule 8: a Secret is kept sealed, or not at all', async () => {
  const key = randomBytes(32)
  const kept = site('east', secret('shop/tls', { privateKey: '-----BEGIN PRIVATE KEY-----\nHIDDEN' }))
  await keep([kept])
  expect(await readdir(folder)).toEqual([])
  await keep([kept], key)
  const [name = ''] = await readdir(folder)
  const text = await readFile(join(folder, name), 'utf8')
  expect(Buffer.from(text, 'base64').toString('latin1') + text).not.toContain('HIDDEN')
  expect(await open([], key).load()).toEqual([kept])
  expect(await open([], randomBytes(32)).load()).toEqual([])
})

test('no folder and an unwritable one are no failure', async () => {
  await rm(folder, { recursive: true })
  expect(await open([]).load()).toEqual([])
  await writeFile(folder, 'in the way')
  await keep([site('east')])
  expect(await open([]).load()).toEqual([])
})
