// A process that a test started: in a group of its own, its output kept, ended with the test. Signals go to that group only.
import { spawn } from 'node:child_process'
import { env } from 'node:process'
import { waitFor } from './wait-for.ts'

export interface ChildOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Its standard input stays open for `tell`; without, it is empty. */
  readonly listens?: true
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Child extends AsyncDisposable {
  readonly pid: number
  /** Standard output and standard error so far. */
  readonly stdout: () => string
  readonly stderr: () => string
  readonly isRunning: () => boolean
  readonly exited: Promise<Exit>
  /** Writes a line to the standard input of one that listens. */
  tell(line: string): void
  /** To the whole group. Nothing happens where it has ended. */
  signal(signal: NodeJS.Signals): void
  /** Resolves with the first line of the output (both) that matches, also one that came before. */
  line(pattern: RegExp, timeoutMs?: number): Promise<RegExpMatchArray>
  /** SIGTERM, then SIGKILL after `graceMs`. Resolves once it has ended. */
  stop(graceMs?: number): Promise<Exit>
  /** SIGKILL: what a lost machine looks like. */
  kill(): Promise<Exit>
}

export function startChild({ command, args, environment, cwd, listens }: ChildOptions): Child {
  const process = spawn(command, args, {
    detached: true,
    stdio: [listens ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    env: { ...env, ...environment },
    ...(cwd === undefined ? {} : { cwd }),
  })
  let stdout = ''
  let stderr = ''
  let end: Exit | undefined
  process.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  process.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  // Whoever ended reads no more.
  process.stdin?.on('error', () => undefined)
  const exited = new Promise<Exit>((resolve) => {
    const ended = (exit: Exit): void => {
      end ??= exit
      resolve(end)
    }
    process.once('error', (error) => {
      stderr += `${error.message}\n`
      ended({ code: 127, signal: null })
    })
    process.once('close', (code, signal) => ended({ code, signal }))
  })
  const pid = process.pid ?? 0
  const signal = (name: NodeJS.Signals): void => {
    if (end || pid === 0) return
    try {
      globalThis.process.kill(-pid, name)
    } catch {
      // It ended between the look and the signal.
    }
  }
  const stop = async (graceMs = 10_000): Promise<Exit> => {
    signal('SIGTERM')
    const timer = setTimeout(() => signal('SIGKILL'), graceMs)
    const exit = await exited
    clearTimeout(timer)
    return exit
  }
  const line = async (pattern: RegExp, timeoutMs = 20_000): Promise<RegExpMatchArray> => {
    const what = `a line ${pattern} of ${command} ${args.join(' ')}`
    const match = await waitFor(
      what,
      () => {
        const found = `${stdout}\n${stderr}`.split('\n').find((text) => pattern.test(text))
        return found?.match(pattern) ?? (end ? 'ended' : undefined)
      },
      { timeoutMs },
    ).catch((error: unknown) => {
      throw new Error(`${what}: ${tail(stderr + stdout)}`, { cause: error })
    })
    if (match === 'ended')
      throw new Error(`${what}: it ended with ${end?.code ?? end?.signal}: ${tail(stderr + stdout)}`)
    return match
  }
  return {
    pid,
    stdout: () => stdout,
    stderr: () => stderr,
    isRunning: () => end === undefined,
    exited,
    tell: (text) => void process.stdin?.write(`${text}\n`),
    signal,
    line,
    stop,
    kill() {
      signal('SIGKILL')
      return exited
    },
    [Symbol.asyncDispose]: async () => {
      await stop(3_000)
    },
  }
}

const tail = (text: string): string => text.trimEnd().slice(-2_000)
