// Steady requests through an Envoy while a test breaks things: what was answered, and what failed.
import { setTimeout as pause } from 'node:timers/promises'
import type { Envoy } from './envoy.ts'

export interface Traffic {
  /** Ends it, and gives every kind of answer that was not 200, in short, with its number. Throws where nothing was asked. */
  stop(): Promise<readonly string[]>
  /** Requests so far. */
  readonly count: () => number
}

/** One request after another, at most `perSecond`. */
export function startTraffic(envoy: Envoy, port: number, path: string, perSecond = 50): Traffic {
  return start(envoy, port, path, async (ask, isStopped) => {
    while (!isStopped()) await Promise.all([ask(), pause(1_000 / perSecond)])
  })
}

/** `perSecond` requests, whatever time the answers take. */
export function startSteadyTraffic(envoy: Envoy, port: number, path: string, perSecond: number): Traffic {
  return start(envoy, port, path, async (ask, isStopped) => {
    const open = new Set<Promise<void>>()
    const beganAt = performance.now()
    for (let asked = 0; !isStopped(); ) {
      const due = Math.min(OPEN_MAX - open.size, ((performance.now() - beganAt) * perSecond) / 1_000 - asked)
      for (let i = 0; i < due; i++, asked++) {
        const asking = ask().finally(() => open.delete(asking))
        open.add(asking)
      }
      await pause(1_000 / perSecond)
    }
    await Promise.all(open)
  })
}

/** More are not outstanding at a time: a stall must not end in a flood. */
const OPEN_MAX = 100

type Run = (ask: () => Promise<void>, isStopped: () => boolean) => Promise<void>

function start(envoy: Envoy, port: number, path: string, run: Run): Traffic {
  const failures = new Map<string, number>()
  const failed = (text: string): unknown => failures.set(text, (failures.get(text) ?? 0) + 1)
  let count = 0
  let isStopped = false
  const ask = async (): Promise<void> => {
    count++
    try {
      const { status, body } = await envoy.get(port, path)
      if (status !== 200) failed(`${status} ${body.slice(0, 80)}`)
    } catch (error) {
      failed(String(error))
    }
  }
  const running = run(ask, () => isStopped)
  return {
    count: () => count,
    stop: async () => {
      isStopped = true
      await running
      if (count === 0) throw new Error('no request was made')
      return [...failures].map(([text, times]) => `${text}, ${times} times`)
    },
  }
}
