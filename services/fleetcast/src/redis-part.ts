// Redis as a part of a process: asked once a second whether it answers, so that /readyz can say so at once.
import type { RedisLink } from '@fleetcast/shared/redis/redis-link'
import { type Clock, pause } from '@fleetcast/shared/runtime/clock'
import type { Part } from './role-admin.ts'

const ASK_MS = 1_000

/**
 * Asks until the signal aborts. Until the first answer it counts as absent. A link to a Redis that is absent then is closed at
 * once: what still waits for an answer would hold up the end of the process.
 */
export function createRedisPart(redis: RedisLink, clock: Clock, signal: AbortSignal): Part {
  let lack: string | undefined = 'Redis has not answered yet'
  const watch = async (): Promise<void> => {
    while (!signal.aborted) {
      lack = await redis.health()
      await pause(clock, ASK_MS, signal)
    }
    if (lack !== undefined) await redis.close()
  }
  void watch()
  return {
    missing: () => (lack === undefined ? [] : [lack]),
    status: () => ({ answers: lack === undefined, ...(lack === undefined ? {} : { reason: lack }) }),
  }
}
