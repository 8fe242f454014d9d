// The Redis log keeps the promises of the port, on one real server.
import { afterAll, beforeAll, describe } from 'vitest'
import { startRedis, type TestRedis, whyNoRedis } from '../../test/redis-server.ts'
import { type OpenedRedis, openRedis } from '../redis/open-redis.ts'
import { logContract } from './object-log.contract.ts'
import { createRedisLog } from './redis.ts'

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
  const open = (link: OpenedRedis, prefix: string) =>
    createRedisLog({ redis: link, prefix, claimTimeoutMs: 600, compareMs: 100, sealKey: Buffer.alloc(32, 7) })

  logContract(async () => {
    const [first, second] = links as [OpenedRedis, OpenedRedis]
    const prefix = `test${count++}`
    return {
      log: open(first, prefix),
      other: open(second, prefix),
      lose: async () => void (await first.commands.call('FLUSHALL')),
    }
  })
})
