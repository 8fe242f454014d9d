import { afterAll, beforeAll, describe } from 'vitest'
import { startRedis, type TestRedis, whyNoRedis } from '../../test/redis-server.ts'
import { type OpenedRedis, openRedis } from '../redis/open-redis.ts'
import { lockContract } from './lock.contract.ts'
import { createRedisLock } from './redis-lock.ts'

const missing = whyNoRedis()

describe.skipIf(missing)(`lock in redis${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let server: TestRedis
  let redis: OpenedRedis
  let count = 0
  beforeAll(async () => {
    server = await startRedis()
    redis = openRedis(server.url)
  })
  afterAll(async () => {
    await redis.close()
    await server.stop()
  })
  lockContract(async () => {
    const options = { redis, site: `s${count++}`, lockMs: 500 }
    return { first: createRedisLock(options), second: createRedisLock(options), expiresMs: 500 }
  })
})
