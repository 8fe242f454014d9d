// Opens what the roles share over Redis: log, store, queue and locks on one link. Waits for nothing: a Redis that is absent
// is waited for by whoever asks it.

import type { Lock } from '@fleetcast/shared/log/leadership'
import type { ObjectLog } from '@fleetcast/shared/log/object-log'
import { createRedisLog } from '@fleetcast/shared/log/redis'
import { createRedisLock } from '@fleetcast/shared/log/redis-lock'
import { createBullQueue } from '@fleetcast/shared/queue/bullmq'
import type { JobQueue } from '@fleetcast/shared/queue/job-queue'
import { type OpenedRedis, openRedis } from '@fleetcast/shared/redis/open-redis'
import type { Clock, Random } from '@fleetcast/shared/runtime/clock'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import { createRedisStore } from '@fleetcast/shared/store/redis'
import type { SetStore } from '@fleetcast/shared/store/set-store'
import { readSealKey, type SealKeyValues } from './seal-key.ts'

export interface PortValues extends SealKeyValues {
  readonly redis: string
  readonly prefix: string
}

export interface PortDeps {
  readonly values: PortValues
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** What the connections are called in Redis. */
  readonly name: string
}

export interface Ports {
  readonly redis: OpenedRedis
  readonly sealKey: Uint8Array | undefined
  openLog(): ObjectLog
  openStore(): SetStore
  openQueue(): JobQueue
  /** Decides which watcher of a folder leads. */
  openLock(site: string): Lock
  /** Ends everything that was opened. */
  close(): Promise<void>
}

export async function openPorts({ values, name, ...deps }: PortDeps): Promise<Ports> {
  const sealKey = await readSealKey(values)
  const redis = openRedis(values.redis, { ...deps, name: `fleetcast-${name}` })
  const options = { ...deps, redis, prefix: values.prefix, sealKey }
  const closers: (() => Promise<void>)[] = []
  const opened = <P extends { close(): Promise<void> }>(port: P): P => {
    closers.push(() => port.close())
    return port
  }
  return {
    redis,
    sealKey,
    openLog: () => opened(createRedisLog(options)),
    openStore: () => opened(createRedisStore(options)),
    openQueue: () => opened(createBullQueue(options)),
    openLock: (site) => createRedisLock({ redis, site, prefix: values.prefix }),
    async close() {
      await Promise.allSettled(closers.map((close) => close()))
      await redis.close()
    },
  }
}
