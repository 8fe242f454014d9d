// A process that takes a job and never ends it, for tests that kill it. Prints a line when it has one.
import { createBullQueue } from '../src/queue/bullmq.ts'
import { openRedis } from '../src/redis/open-redis.ts'

const [, , url = '', prefix = ''] = process.argv
const queue = createBullQueue({ redis: openRedis(url), prefix })
await queue.work(() => {
  process.stdout.write('has a job\n')
  return new Promise(() => undefined)
}, new AbortController().signal)
