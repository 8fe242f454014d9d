// The world of several sites: what may be used, and what stays when a log is lost.
import type { LogNews } from '@fleetcast/shared/log/object-log'
import { objectKey } from '@fleetcast/shared/objects/object'
import { expect, test } from 'vitest'
import { service } from '../testing/objects.ts'
import { createWorld, type WorldChange } from './world.ts'

const at = (n: number, generation = 'g') => ({ generation, n })
const objects = (...names: readonly string[]) =>
  new Map(names.map((name) => [`Service/shop/${name}`, service(`shop/${name}`)]))
const state = (n: number, synced: boolean, names: readonly string[], generation = 'g'): LogNews => ({
  kind: 'state',
  state: { position: at(n, generation), objects: objects(...names), synced },
})
const event = (
  n: number,
  puts: readonly string[],
  removes: readonly string[] = [],
  synced?: true,
  generation = 'g',
): LogNews => ({
  kind: 'event',
  event: {
    position: at(n, generation),
    changes: [
      ...puts.map((name) => ({ key: `Service/shop/${name}`, object: service(`shop/${name}`) })),
      ...removes.map((name) => ({ key: `Service/shop/${name}`, object: undefined })),
    ],
    ...(synced ? { synced } : {}),
  },
})
const shown = (changes: readonly WorldChange[]): string =>
  changes.map(({ key, after }) => `${after ? '+' : '-'}${key.slice('Service/shop/'.length)}`).join(' ')

const steps: [name: string, news: LogNews, changes: string, size: number, usableAt: number | undefined][] = [
  ['rule 2: nothing before the synced mark', state(1, false, ['a']), '', 0, undefined],
  ['still nothing', event(2, ['b']), '', 0, undefined],
  ['the mark: all of it', event(3, ['c'], [], true), '+a +b +c', 3, 3],
  ['an event', event(4, ['d'], ['a']), '-a +d', 3, 4],
  ['equal content is no change', event(5, ['d']), '', 3, 5],
  ['the log was lost: what was there stays', state(0, false, [], 'h'), '', 3, 5],
  ['it fills', event(1, ['b'], [], undefined, 'h'), '', 3, 5],
  ['it is synced again: the difference', event(2, ['e'], [], true, 'h'), '-c -d +e', 2, 2],
  ['read again, the same', state(2, true, ['b', 'e'], 'h'), '', 2, 2],
]

test('a site, step by step', () => {
  const world = createWorld()
  for (const [name, news, changes, size, usable] of steps) {
    const sorted = shown(world.apply('east', news))
      .split(' ')
      .sort((a, b) => (a < b ? -1 : 1))
    expect([name, new Set(sorted)]).toEqual([name, new Set(changes.split(' '))])
    expect([name, world.size(), world.positions().east?.n]).toEqual([name, size, usable])
  }
})

test('what was kept of a silent site counts until its log is synced', () => {
  const world = createWorld()
  world.expect('west')
  expect([...world.sites, ...world.synced]).toEqual(['west'])
  world.apply('west', state(0, false, [], 'h'))
  expect(shown(world.carryOver('west', at(7), objects('a', 'b')))).toBe('+a +b')
  expect([world.positions().west, world.synced.has('west')]).toEqual([at(7), true])
  expect(world.apply('west', event(1, ['b'], [], undefined, 'h'))).toEqual([])
  expect(shown(world.apply('west', event(2, [], [], true, 'h')))).toBe('-a')
  expect(world.positions().west).toEqual(at(2, 'h'))
  expect(world.carryOver('west', at(9), objects('z'))).toEqual([])
  expect(world.object('west', objectKey(service('shop/b')))).toEqual(service('shop/b'))
})
