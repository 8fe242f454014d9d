import { describe, expect, test, vi } from 'vitest'
import { failure } from './failure.ts'
import { silentLogger } from './logger.ts'
import { aborted, run } from './run.ts'

/** A process whose end resolves `ended` with its exit code. */
function fakeHost() {
  const listeners = new Map<string, (value: unknown) => void>()
  const written: string[] = []
  const time = { nowMs: 0 }
  const ended = Promise.withResolvers<number>()
  return {
    listeners,
    written,
    time,
    ended: ended.promise,
    host: {
      on: (event: string, listener: (value: unknown) => void) => listeners.set(event, listener),
      exit: (code: number) => ended.resolve(code),
      now: () => time.nowMs,
      writeError: (text: string) => void written.push(text),
    },
  }
}

const never = (): Promise<number> => new Promise(() => {})
const rows: [name: string, main: (signal: AbortSignal) => Promise<number>, event: string | undefined, code: number][] =
  [
    ['its own code', async () => 0, undefined, 0],
    ['a failure', () => Promise.reject(failure('no', 1)), undefined, 1],
    ['wrong usage', () => Promise.reject(failure(['a', 'b'], 2)), undefined, 2],
    ['a defect', () => Promise.reject(new TypeError('x')), undefined, 1],
    ['SIGTERM, orderly', async (signal) => aborted(signal).then(() => 0), 'SIGTERM', 0],
    ['SIGINT, orderly', async (signal) => aborted(signal).then(() => 0), 'SIGINT', 0],
    ['SIGTERM, never stops', never, 'SIGTERM', 1],
    ['unhandled rejection', never, 'unhandledRejection', 1],
    ['uncaught exception', never, 'uncaughtException', 1],
  ]

describe('run', () => {
  test.each(rows)('%s', async (_name, main, event, code) => {
    vi.useFakeTimers()
    const { host, listeners, ended } = fakeHost()
    const done = run(main, { host, logger: silentLogger, stopMs: 10_000 })
    if (event) listeners.get(event)?.(new Error('from nowhere'))
    await vi.advanceTimersByTimeAsync(10_000)
    vi.useRealTimers()
    expect(await ended).toBe(code)
    if (main !== never) await done
  })

  test('a second signal does not wait, the same one heard twice does', async () => {
    const { host, listeners, ended, time } = fakeHost()
    const exits: number[] = []
    const main = (signal: AbortSignal): Promise<number> => aborted(signal).then(() => never())
    void run(main, {
      host: {
        ...host,
        exit(code) {
          exits.push(code)
          host.exit(code)
        },
      },
      logger: silentLogger,
      stopMs: 10_000,
    })
    listeners.get('SIGINT')?.(undefined)
    time.nowMs = 999
    listeners.get('SIGINT')?.(undefined)
    expect(exits).toEqual([])
    time.nowMs = 1000
    listeners.get('SIGTERM')?.(undefined)
    expect(await ended).toBe(1)
  })

  test('a failure is told without a stack, a line a mistake', async () => {
    const { host, ended, written } = fakeHost()
    await run(() => Promise.reject(failure(['--a: x', '--b: y'], 2)), { host, logger: silentLogger, stopMs: 1 })
    await ended
    expect(written.join('')).toBe('--a: x\n--b: y\n')
  })
})
