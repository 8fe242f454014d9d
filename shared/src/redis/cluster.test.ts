// The Redis adapters keep the promises of their ports on a real cluster too: hash tags, declared keys, sharded messages.
import { afterAll, beforeAll, describe } from 'vitest'
import { startCluster, type TestCluster } from '../../testing/redis-cluster.ts'
import { whyNoRedis } from '../../testing/redis-server.ts'
import { logContract } from '../log/object-log.contract.ts'
import { createRedisLog } from '../log/redis.ts'
import { createBullQueue } from '../queue/bullmq.ts'
import { queueContract } from '../queue/job-queue.contract.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { createRedisStore } from '../store/redis.ts'
import { storeContract } from '../store/set-store.contract.ts'
import { type OpenedRedis, openRedis } from './open-redis.ts'

const missing = whyNoRedis()
const sealKey = Buffer.alloc(32, 7)

describe.skipIf(missing)(`on a cluster${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let cluster: TestCluster
  let links: [OpenedRedis, OpenedRedis]
  let count = 0
  beforeAll(async () => {
    cluster = await startCluster()
    links = [openRedis(cluster.url), openRedis(cluster.url)]
    await Promise.all(links.map((link) => link.ready()))
  }, 30_000)
  afterAll(async () => {
    await Promise.all(links.map((link) => link.close()))
    await cluster.stop()
  })
  const lose = async (): Promise<void> => {
    for (const { port } of cluster.nodes) {
      const node = openRedis(`redis://127.0.0.1:${port}`)
      await node.commands.call('FLUSHALL')
      await node.close()
    }
  }

  describe('log', () => {
    logContract(async () => {
      const prefix = `test${count++}`
      const [log, other] = links.map((redis) =>
        createRedisLog({ redis, prefix, claimTimeoutMs: 600, compareMs: 100, sealKey }),
      )
      return { log: log!, other: other!, lose }
    })
  })
  describe('store', () => {
    storeContract(async () => {
      const prefix = `test${count++}`
      let passedMs = 0
      const clock: Clock = { now: () => systemClock.now() + passedMs, after: systemClock.after }
      const [store, other] = links.map((redis) => createRedisStore({ redis, prefix, clock, compareMs: 300, sealKey }))
      return {
        store: store!,
        other: other!,
        lose,
        passSeconds: async (seconds) => {
          passedMs += seconds * 1_000
        },
      }
    })
  })
  describe('queue', () => {
    queueContract(async () => {
      const prefix = `test${count++}`
      const [queue, other] = links.map((redis) => createBullQueue({ redis, prefix }))
      return { queue: queue!, other: other! }
    })
  })
})
