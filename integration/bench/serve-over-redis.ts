// The whole path over Redis as processes: this one holds the source and the watcher, one child the publisher, and as many as
// asked for are edges that share the listening port.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { alwaysLeads } from '@fleetcast/shared/log/leadership'
import { createRedisLog } from '@fleetcast/shared/log/redis'
import { openRedis } from '@fleetcast/shared/redis/open-redis'
import { type Address, formatAddress } from '@fleetcast/shared/runtime/address'
import { systemClock } from '@fleetcast/shared/runtime/clock'
import { createLogger } from '@fleetcast/shared/runtime/logger'
import { createMetrics } from '@fleetcast/shared/runtime/metrics'
import { createRedisStore } from '@fleetcast/shared/store/redis'
import { createWatcher } from '@fleetcast/watcher/watcher'
import { startRedis } from '../harness/redis.ts'
import type { BenchSource } from './bench-source.ts'
import { collectGarbage } from './collect-garbage.ts'
import type { Plane } from './serve-embedded.ts'

export interface OverRedisOptions {
  readonly source: BenchSource
  readonly listen: Address
  readonly workers: number
  /** Absent: a Redis of our own, which does not count as the server. */
  readonly redis?: string
}

export async function serveOverRedis(options: OverRedisOptions, signal: AbortSignal): Promise<Plane> {
  const { source, listen, workers } = options
  const own = options.redis === undefined ? await startRedis() : undefined
  const url = options.redis ?? own?.url ?? ''
  const prefix = `fleetcast-bench-${process.pid}`
  const logger = createLogger({ level: 'warn', role: 'bench' })
  const parts = { clock: systemClock, random: Math.random, logger, metrics: createMetrics() }
  const redis = openRedis(url, { ...parts, name: 'bench' })
  const ports = { ...parts, redis, prefix, sealKey: undefined }
  const log = createRedisLog(ports)
  const store = createRedisStore(ports)
  const watcher = createWatcher({ ...parts, site: 'bench', source, log, leadership: alwaysLeads })
  const children = [
    startRole('publisher', url, prefix),
    ...Array.from({ length: workers }, () => startRole('edge', url, prefix, formatAddress(listen))),
  ]
  const watching = watcher.run(signal)
  signal.addEventListener('abort', () => {
    for (const child of children) child.kill()
    void watching
      .then(() => Promise.allSettled([log.close(), store.close()]))
      .then(() => redis.close())
      .then(() => own?.[Symbol.asyncDispose]())
  })
  await Promise.all(children.map((child) => once(child, 'message')))
  return {
    store,
    pids: [process.pid, ...children.flatMap(({ pid }) => pid ?? [])],
    collect: async () => {
      collectGarbage()
      await Promise.all(
        children.map((child) => {
          const done = once(child, 'message')
          child.send('collect')
          return done
        }),
      )
    },
  }
}

/** Its first message says that it works. */
function startRole(...args: readonly string[]): ChildProcess {
  const child = fork(join(import.meta.dirname, 'role.ts'), args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  child.once('exit', (code, signal) => {
    if (code !== 0 && signal === null) throw new Error(`${args[0]} ended with ${code}`)
  })
  return child
}
