// A suite of tests on one real Redis server of its own.
import { beforeAll, describe } from 'vitest'
import { type OpenedRedis, openRedis } from '../src/redis/open-redis.ts'
import { startRedis, whyNoRedis } from './redis-server.ts'

export interface RedisSuite {
  /** Two connections to the server, for tests and hooks. */
  readonly links: () => readonly [OpenedRedis, OpenedRedis]
  /** A prefix for keys that no other test of the suite has. */
  readonly newPrefix: () => string
}

/** Skipped, with why in the title, where there is no Redis. */
export function describeRedis(title: string, suite: (redis: RedisSuite) => void): void {
  const missing = whyNoRedis()
  describe.skipIf(missing)(`${title}${missing ? ` (skipped: ${missing})` : ''}`, () => {
    let links: readonly [OpenedRedis, OpenedRedis]
    let count = 0
    beforeAll(async () => {
      const server = await startRedis()
      links = [openRedis(server.url), openRedis(server.url)]
      return async () => {
        await Promise.all(links.map((link) => link.close()))
        await server.stop()
      }
    })
    suite({ links: () => links, newPrefix: () => `test${count++}` })
  })
}
