// The memory store keeps the promises of the port.
import { describe, expect, it } from 'vitest'
import type { Clock } from '../runtime/clock.ts'
import { createMemoryStore } from './memory.ts'
import { entry, storeContract } from './set-store.contract.ts'

describe('memory', () => {
  storeContract(async () => {
    let now = 0
    const clock: Clock = { now: () => now, after: () => () => undefined }
    const store = createMemoryStore({ clock })
    return {
      store,
      other: store,
      lose: async () => store.forget(),
      passSeconds: async (seconds) => {
        now += seconds * 1_000
      },
    }
  })

  it('tells followers of a commit before it resolves, in order even when they commit themselves', async () => {
    const store = createMemoryStore()
    const { id } = await store.createGeneration()
    await store.seal(id)
    const { signal } = new AbortController()
    const commit = (base: number) =>
      store.commit({ set: 's', generation: id, base, positions: {}, change: { put: [entry(`${base}`)], remove: [] } })
    const heard: string[] = []
    const hear = (who: string, answer: boolean): void =>
      store.follow(
        's',
        (news) => {
          const { revision } = news.kind === 'change' ? news.head : news.contents.head
          heard.push(`${who}${revision}`)
          if (answer && revision === 1) void commit(1)
        },
        { signal },
      )
    hear('a', true)
    hear('b', false)
    await store.heads(['s'])
    const committed = commit(0)
    expect(heard).toEqual(['a0', 'b0', 'a1', 'b1', 'a2', 'b2'])
    await committed
  })
})
