// The memory log keeps the promises of the port.
import { describe, expect, it, vi } from 'vitest'
import { createMemoryLog } from './memory.ts'
import { logContract, put } from './object-log.contract.ts'
import type { AppendResult, LogEvent, LogNews } from './object-log.ts'

describe('memory', () => {
  logContract(async () => {
    const log = createMemoryLog({ claimTimeoutMs: 50 })
    return { log, other: log, lose: async () => log.forget() }
  })

  it('gives a follower that fell behind the state in place of the events', async () => {
    const log = createMemoryLog({ eventsKept: 3 })
    const epoch = await log.elect('east')
    let base = (await log.read('east'))!.position
    const stop = new AbortController()
    const follow = log.follow('east', stop.signal)[Symbol.asyncIterator]()
    await follow.next()
    for (let i = 0; i < 10; i++) {
      const result = await log.append({ site: 'east', epoch, base, changes: [put(`s${i}`)] })
      if (result.kind === 'appended') base = result.position
    }
    const { value } = (await follow.next()) as IteratorYieldResult<LogNews>
    expect(value.kind).toBe('state')
    stop.abort()
  })

  it('gives claimers their turn after the followers, and never an event of a log that was lost in between', async () => {
    const log = createMemoryLog()
    const stop = new AbortController()
    const order: string[] = []
    const hear = async (): Promise<void> => {
      for await (const news of log.follow('east', stop.signal)) order.push(`${news.kind} heard`)
    }
    const claim = (events: readonly LogEvent[]): Promise<void> => {
      for (const { changes } of events) order.push(`${changes[0]?.key} claimed`)
      return Promise.resolve()
    }
    const append = async (name: string): Promise<AppendResult> => {
      const epoch = await log.elect('east')
      const base = (await log.read('east'))!.position
      const appended = log.append({ site: 'east', epoch, base, changes: [put(name)] })
      if (name === 'lost') log.forget()
      return appended
    }
    void log.claim('east', claim, stop.signal)
    await log.elect('east')
    const heard = hear()
    await append('a')
    await append('lost')
    await append('b')
    await vi.waitFor(() => expect(order).toContain('Service/shop/b claimed'))
    stop.abort()
    await heard
    expect(order.slice(0, 3)).toEqual(['state heard', 'event heard', 'Service/shop/a claimed'])
    expect(order).not.toContain('Service/shop/lost claimed')
  })
})
