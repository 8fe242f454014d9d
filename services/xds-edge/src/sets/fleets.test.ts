// A new generation of the store: all sets of a fleet move across at once, as a difference, however their news come.
import { type Resource, resource } from '@fleetcast/shared/resources/resource'
import { CLUSTER, ENDPOINTS, LISTENER } from '@fleetcast/shared/resources/types'
import { type Entry, entryKey, type SetNews } from '@fleetcast/shared/store/set-store'
import { expect, test } from 'vitest'
import { createFleets } from './fleets.ts'

const VIEW = 'endpoints/v'
const made = (type: string, name: string, text: string): Resource =>
  resource({ type, name, bytes: Buffer.from(text), ...(type === CLUSTER ? { endpointsName: name } : {}) })
const link = (name: string): Entry => ({ type: ENDPOINTS, name, link: VIEW })

function contents(
  generation: string,
  revision: number,
  entries: readonly Entry[],
  needs: Record<string, number> = {},
): SetNews {
  const head = { generation, revision, digest: '0'.repeat(32), positions: {}, needs }
  return { kind: 'contents', contents: { head, entries: new Map(entries.map((entry) => [entryKey(entry), entry])) } }
}
function change(generation: string, revision: number, ...put: readonly Entry[]): SetNews {
  const head = { generation, revision, digest: '0'.repeat(32), positions: {}, needs: {} }
  return { kind: 'change', head, change: { put, remove: [] } }
}

const OLD: [string, SetNews][] = [
  [VIEW, contents('old', 3, [made(ENDPOINTS, 'a', 'old')])],
  ['fleet/web', contents('old', 5, [made(CLUSTER, 'a', 'same'), made(LISTENER, 'l', 'old'), link('a')], { [VIEW]: 3 })],
]
const NEW: [string, SetNews][] = [
  ['fleet/web', contents('new', 1, [made(CLUSTER, 'a', 'same'), made(LISTENER, 'l', 'new'), link('a')], { [VIEW]: 1 })],
  [VIEW, contents('new', 1, [made(ENDPOINTS, 'a', 'new')])],
]

/** What is served, the number of steps that led there, and the generation. */
function begin() {
  const fleets = createFleets()
  const hear = (news: readonly [string, SetNews][]): void => {
    for (const [set, each] of news) fleets.news(set, each)
  }
  hear(OLD)
  const history = fleets.fleet('web')
  const shown = () => ({
    seq: history.seq,
    served: [LISTENER, ENDPOINTS].map((type) => {
      const [name = ''] = type === LISTENER ? ['l'] : ['a']
      return Buffer.from(history.type(type).get(name)?.bytes ?? []).toString()
    }),
    generation: fleets.at('fleet/web')?.generation,
  })
  return { fleets, hear, history, shown }
}

test.each([
  ['the fleet first', NEW],
  ['the view first', NEW.toReversed()],
] as const)('rule 4: %s', (_name, news) => {
  const { hear, history, shown } = begin()
  const before = shown()
  expect(before).toEqual({ seq: 1, served: ['old', 'old'], generation: 'old' })
  hear(news.slice(0, 1))
  expect(shown()).toEqual(before)
  hear(news.slice(1))
  expect(shown()).toEqual({ seq: 2, served: ['new', 'new'], generation: 'new' })
  // Equal content is no change, whatever its generation; nothing was taken away on the way.
  expect(history.type(CLUSTER).changedSince(1).size).toBe(0)
  expect([...history.type(ENDPOINTS).removedSince(0), ...history.type(LISTENER).removedSince(0)]).toEqual([])
})

test('changes of the old generation still count until then, and none later', () => {
  const { fleets, hear, shown } = begin()
  hear(NEW.slice(0, 1))
  fleets.news(VIEW, change('old', 4, made(ENDPOINTS, 'a', 'older')))
  expect(shown().served).toEqual(['old', 'older'])
  hear(NEW.slice(1))
  fleets.news(VIEW, change('old', 5, made(ENDPOINTS, 'a', 'oldest')))
  expect(shown().served).toEqual(['new', 'new'])
})

test('rule 2: what a set that comes whole can not read stays as it was known', () => {
  const { fleets, shown } = begin()
  const unreadable = new Set([entryKey(link('a')), entryKey(made(LISTENER, 'l', ''))])
  const head = { generation: 'old', revision: 6, digest: '0'.repeat(32), positions: {}, needs: {} }
  fleets.news('fleet/web', { kind: 'contents', contents: { head, entries: new Map(), unreadable } })
  expect(shown().served).toEqual(['old', 'old'])
  fleets.news(VIEW, { kind: 'contents', contents: { head: { ...head, revision: 7 }, entries: new Map(), unreadable } })
  expect(shown().served).toEqual(['old', 'old'])
})
