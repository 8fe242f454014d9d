// The Redis store keeps the promises of the port, on one real server.
import { afterAll, beforeAll, describe } from 'vitest'
import { startRedis, type TestRedis, whyNoRedis } from '../../test/redis-server.ts'
import { type OpenedRedis, openRedis } from '../redis/open-redis.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { createRedisStore } from './redis.ts'
import { storeContract } from './set-store.contract.ts'

const missing = whyNoRedis()

describe.skipIf(missing)(`redis${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let server: TestRedis
  const links: OpenedRedis[] = []
  let count = 0
  beforeAll(async () => {
    server = await startRedis()
    links.push(openRedis(server.url), openRedis(server.url))
  })
  afterAll(async () => {
    await Promise.all(links.map((link) => link.close()))
    await server.stop()
  })

  storeContract(async () => {
    const [first, second] = links as [OpenedRedis, OpenedRedis]
    const prefix = `test${count++}`
    let passed = 0
    const clock: Clock = { now: () => systemClock.now() + passed, after: systemClock.after }
    const open = (redis: OpenedRedis) =>
      createRedisStore({ redis, prefix, clock, compareMs: 300, sealKey: Buffer.alloc(32, 7) })
    return {
      store: open(first),
      other: open(second),
      lose: async () => void (await first.commands.call('FLUSHALL')),
      passSeconds: async (seconds) => {
        passed += seconds * 1_000
      },
    }
  })
})
