import { describeRedis } from '../../testing/describe-redis.ts'
import { lockContract } from './lock.contract.ts'
import { createRedisLock } from './redis-lock.ts'

describeRedis('lock in redis', ({ links, newPrefix }) => {
  lockContract(async () => {
    const [redis] = links()
    const options = { redis, site: newPrefix(), lockMs: 500 }
    return { first: createRedisLock(options), second: createRedisLock(options), expiresMs: 500 }
  })
})
