// The queue on BullMQ keeps the promises of the port, on one real server.
import { describeRedis } from '../../testing/describe-redis.ts'
import { createBullQueue } from './bullmq.ts'
import { queueContract } from './job-queue.contract.ts'

describeRedis('bullmq', ({ links, newPrefix }) => {
  queueContract(async () => {
    const [first, second] = links()
    const prefix = newPrefix()
    return { queue: createBullQueue({ redis: first, prefix }), other: createBullQueue({ redis: second, prefix }) }
  })
})
