// The memory log keeps the promises of the port.
import { describe, expect, it } from 'vitest'
import { createMemoryLog } from './memory.ts'
import { logContract, put } from './object-log.contract.ts'
import type { LogNews } from './object-log.ts'

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
})
