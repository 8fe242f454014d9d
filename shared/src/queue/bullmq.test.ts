// The queue on BullMQ keeps the promises of the port, on one real server.
import { afterAll, beforeAll, describe } from 'vitest'
import { startRedis, type TestRedis, whyNoRedis } from '../../test/redis-server.ts'
import { type OpenedRedis, openRedis } from '../redis/open-redis.ts'
import { createBullQueue } from './bullmq.ts'
import { queueContract } from './job-queue.contract.ts'

const missing = whyNoRedis()

describe.skipIf(missing)(`bullmq${missing ? ` (skipped: ${missing})` : ''}`, () => {
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

  queueContract(async () => {
    const [first, second] = links as [OpenedRedis, OpenedRedis]
    const prefix = `test${count++}`
    return { queue: createBullQueue({ redis: first, prefix }), other: createBullQueue({ redis: second, prefix }) }
  })
})
