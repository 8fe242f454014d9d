// The lock in Redis that says who leads the watchers of a folder: the log's own epochs fence, this only keeps two from working at once.
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { RedisLink, RedisScript } from '../redis/redis-link.ts'
import type { Lock } from './leadership.ts'

const LOCK_MS = 10_000

export interface RedisLockOptions {
  readonly redis: RedisLink
  readonly site: string
  /** Starts every key. */
  readonly prefix?: string
  /** It expires so long after it was held last. */
  readonly lockMs?: number
}

/** ARGV: who, milliseconds. Answers 1 where `who` holds it now. */
const HOLD: RedisScript = {
  name: 'lock-hold',
  lua: `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`,
}

const RELEASE: RedisScript = {
  name: 'lock-release',
  lua: `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`,
}

export function createRedisLock(options: RedisLockOptions): Lock {
  const { redis, site, prefix = 'fleetcast', lockMs = LOCK_MS } = options
  const identity = `${hostname()}_${randomUUID()}`
  // The hash tag of the site's log, so that a user who may touch the one may touch the other.
  const keys = [`${prefix}:log:{${site}}:lock`]
  return {
    async hold() {
      return (await redis.commands.run(HOLD, keys, [identity, lockMs])) === 1
    },
    async release() {
      await redis.commands.run(RELEASE, keys, [identity])
    },
  }
}
