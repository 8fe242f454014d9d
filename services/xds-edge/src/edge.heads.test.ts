// Rule 3 of the design: an edge that is behind the store says nothing before it has caught up, and one whose store is silent
// serves what it has. The store is real; what an edge hears of it is held back.
import { CLUSTER } from '@fleetcast/shared/resources/types'
import { DIRECTORY, fleetEntry, fleetSet } from '@fleetcast/shared/store/directory'
import type { MemoryStore } from '@fleetcast/shared/store/memory'
import type { SetName, SetStore } from '@fleetcast/shared/store/set-store'
import { expect, test } from 'vitest'
import { cluster, node, type Running, startEdge } from './testing/running-edge.ts'
import { deltaRequest, openStream, type TestStream } from './transport/testing/client.ts'

interface Lagging {
  readonly storeOf: (store: MemoryStore) => SetStore
  /** From now on the edge hears nothing of these sets. */
  hold(...sets: SetName[]): void
  release(): void
  /** From now on the store does not say where it stands. */
  silence(): void
  readonly asked: SetName[][]
}

function lagging(): Lagging {
  const held = new Set<SetName>()
  const waiting: (() => void)[] = []
  const asked: SetName[][] = []
  let isSilent = false
  return {
    asked,
    hold(...sets) {
      for (const set of sets) held.add(set)
    },
    release() {
      held.clear()
      for (const tell of waiting.splice(0)) tell()
    },
    silence: () => {
      isSilent = true
    },
    storeOf: (store) => ({
      ...store,
      heads(sets) {
        asked.push([...sets])
        return isSilent ? new Promise(() => {}) : store.heads(sets)
      },
      follow: (set, onNews, options) =>
        store.follow(
          set,
          (news) => {
            if (held.has(set)) waiting.push(() => onNews(news))
            else onNews(news)
          },
          options,
        ),
    }),
  }
}

function ask({ client }: Running): TestStream {
  const stream = openStream(client(), 'delta')
  stream.send(deltaRequest({ node, type: CLUSTER }))
  return stream
}
const texts = async (stream: TestStream): Promise<string[]> =>
  (await stream.next()).values.map(String).toSorted((a, b) => a.localeCompare(b))

test('rule 3: an edge that is behind answers nothing before it has caught up', async () => {
  const lag = lagging()
  const running = await startEdge({ storeOf: lag.storeOf })
  lag.hold(fleetSet('web'))
  await running.put(fleetSet('web'), [cluster('a', 'second')])
  const stream = ask(running)
  await expect.poll(() => lag.asked.length).toBe(1)
  await expect.poll(() => running.edge.nodes().length).toBe(1)
  // Another edge served the second revision: this one must not serve the first.
  expect(stream.responses).toEqual([])
  lag.release()
  expect(await texts(stream)).toEqual(['cluster b', 'cluster second'])
  expect(stream.responses.length).toBe(1)
})

test('rule 3: by an old directory a node is not given the fleet that it has left', async () => {
  const lag = lagging()
  const running = await startEdge({ storeOf: lag.storeOf })
  lag.hold(DIRECTORY)
  await running.put(fleetSet('next'), [cluster('n')])
  const next = { name: 'next', nodes: { cluster: ['web'] }, views: [], retired: false, removeAfterMs: 5000 }
  await running.put(DIRECTORY, [fleetEntry(next)])
  const stream = ask(running)
  await expect.poll(() => lag.asked.length).toBe(1)
  await expect.poll(() => running.edge.nodes()[0]?.fleet).toBe('web')
  expect(stream.responses).toEqual([])
  lag.release()
  expect(await texts(stream)).toEqual(['cluster n'])
  // Of the fleet it has now the edge was asked anew.
  expect(lag.asked.at(-1)).toContain(fleetSet('next'))
})

test('rule 3: a store that does not answer holds nobody up', async () => {
  const lag = lagging()
  const running = await startEdge({ storeOf: lag.storeOf })
  lag.silence()
  expect(await texts(ask(running))).toEqual(['cluster a', 'cluster b'])
})

test('rule 3: streams that open together share one read', async () => {
  const lag = lagging()
  const running = await startEdge({ storeOf: lag.storeOf })
  const client = running.client()
  const streams = Array.from({ length: 40 }, (_, i) => {
    const stream = openStream(client, 'delta')
    stream.send(deltaRequest({ node: { ...node, id: `n${i}` }, type: CLUSTER }))
    return stream
  })
  await Promise.all(streams.map((stream) => stream.next()))
  expect(lag.asked.length).toBeLessThan(20)
})
