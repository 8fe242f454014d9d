// Steady requests through an Envoy while a test breaks things: what was answered, and what failed.
import { setTimeout as pause } from 'node:timers/promises'
import type { Envoy } from './envoy.ts'

export interface Traffic {
  /** Ends it, and gives every answer that was not 200, in short. Throws where nothing was asked. */
  stop(): Promise<readonly string[]>
  /** Requests so far. */
  readonly count: () => number
}

/** One request after another, at most `perSecond`. */
export function startTraffic(envoy: Envoy, port: number, path: string, perSecond = 50): Traffic {
  const failures: string[] = []
  let count = 0
  let isStopped = false
  const ask = async (): Promise<void> => {
    try {
      const { status, body } = await envoy.get(port, path)
      if (status !== 200) failures.push(`${status} ${body.slice(0, 80)}`)
    } catch (error) {
      failures.push(String(error))
    }
  }
  const run = async (): Promise<void> => {
    while (!isStopped) {
      count++
      await Promise.all([ask(), pause(1_000 / perSecond)])
    }
  }
  const running = run()
  return {
    count: () => count,
    stop: async () => {
      isStopped = true
      await running
      if (count === 0) throw new Error('no request was made')
      return failures
    },
  }
}
