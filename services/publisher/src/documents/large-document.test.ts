// A fleet with a large document: it is published as any other, each edit too, and the last edit wins.
import { fleetSet } from '@fleetcast/shared/store/directory'
import { expect, it, vi } from 'vitest'
import { configMap } from '../testing/objects.ts'
import { createScene, memoryBackend } from '../testing/scene.ts'

const WAIT = { timeout: 15_000, interval: 10 }
const padding = `# ${'-'.repeat(100)}\n`.repeat(1_100)
const routes = (...names: string[]): string =>
  padding + names.map((name) => `- { name: ${name}, virtual_hosts: [] }\n`).join('')
const fleet = (text: string) => configMap('shop/web', 'web', { 'routes.yaml': text })

it('arrives, and so does each edit', async () => {
  await using scene = await createScene(memoryBackend())
  scene.publisher()
  const names = async (): Promise<string[]> => Object.keys(await scene.held(fleetSet('web')))
  await scene.write(fleet(routes('a')))
  await vi.waitFor(async () => expect(await names()).toEqual(['RouteConfiguration a']), WAIT)
  for (const name of ['b', 'c', 'd']) await scene.write(fleet(routes(name)))
  await vi.waitFor(async () => expect(await names()).toEqual(['RouteConfiguration d']), WAIT)
  await scene.write(fleet(`${routes('e')}- { not: [yaml\n`))
  await scene.write(fleet(routes('f')))
  await vi.waitFor(async () => expect(await names()).toEqual(['RouteConfiguration f']), WAIT)
})
