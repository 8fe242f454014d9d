// The life of a process: signals, an orderly stop within a bound, exit codes. The only place that ends the process.
import { isFailure, reasonOf } from './failure.ts'
import type { Logger } from './logger.ts'

export const EXIT_DONE = 0
export const EXIT_FAILED = 1
export const EXIT_WRONG_USAGE = 2
const AGAIN_AFTER_MS = 1000

/** The parts of a process that are used, so that a test can stand in for it. */
export interface Host {
  on(event: string, listener: (value: unknown) => void): unknown
  exit(code: number): void
  /** Milliseconds that only ever grow. */
  now(): number
  writeError(text: string): void
}

export interface RunOptions {
  readonly host: Host
  readonly logger: Logger
  /** How long an orderly stop may take before the process ends all the same. */
  readonly stopMs: number
}

/**
 * Runs `main` to its end and exits with its code. SIGINT and SIGTERM abort the signal, which `main` must follow;
 * a second one a second later, or the bound, ends the process at once. (One Ctrl-C may come twice: from the terminal and from a parent
 * that passes it on.) What nobody caught is logged and ends it with 1.
 */
export async function run(main: (signal: AbortSignal) => Promise<number>, options: RunOptions): Promise<void> {
  const { host, logger, stopMs } = options
  const stop = new AbortController()
  let firstAt = 0
  const onSignal = (name: string): void => {
    if (stop.signal.aborted) {
      if (host.now() - firstAt >= AGAIN_AFTER_MS) host.exit(EXIT_FAILED)
      return
    }
    firstAt = host.now()
    logger.info({ signal: name }, 'stopping')
    stop.abort()
    const bound = setTimeout(() => {
      logger.error({ stopMs }, 'did not stop in time')
      host.exit(EXIT_FAILED)
    }, stopMs)
    bound.unref()
  }
  host.on('SIGINT', () => onSignal('SIGINT'))
  host.on('SIGTERM', () => onSignal('SIGTERM'))
  const onUncaught = (error: unknown): void => {
    logger.error({ err: error }, `nobody caught this: ${reasonOf(error)}`)
    host.exit(EXIT_FAILED)
  }
  host.on('uncaughtException', onUncaught)
  host.on('unhandledRejection', onUncaught)
  host.exit(await codeOf(() => main(stop.signal), options))
}

async function codeOf(main: () => Promise<number>, { host, logger }: RunOptions): Promise<number> {
  try {
    return await main()
  } catch (error) {
    if (!isFailure(error)) {
      logger.error({ err: error }, reasonOf(error))
      return EXIT_FAILED
    }
    host.writeError(`${error.message}\n`)
    return error.exitCode
  }
}

export const systemHost: Host = {
  on: (event, listener) => process.on(event, listener),
  exit: (code) => process.exit(code),
  now: () => performance.now(),
  writeError: (text) => void process.stderr.write(text),
}

/** Resolves once the signal aborts. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
