// The entry of the command: plans, then runs the verb until it is done or the process is told to stop.
import { readEnvironment } from '@fleetcast/shared/runtime/config'
import { failure } from '@fleetcast/shared/runtime/failure'
import { createLogger, type LogLevel } from '@fleetcast/shared/runtime/logger'
import { EXIT_DONE, EXIT_WRONG_USAGE, run, systemHost } from '@fleetcast/shared/runtime/run'
import { type Plan, plan } from './plan.ts'
import { createTerminal, type Terminal } from './terminal.ts'
import { VERBS } from './verbs.ts'
import { readVersion } from './version.ts'

const STOP_MS = 10_000

export async function main(words: readonly string[]): Promise<void> {
  const environment = readEnvironment()
  const terminal = createTerminal({ out: process.stdout, error: process.stderr, environment })
  const planned = plan({ verbs: VERBS, words, environment, version: readVersion() })
  const logger = createLogger(
    planned.kind === 'run'
      ? { level: levelOf(planned.values), role: planned.verb.name }
      : { level: 'info', role: 'fleetcast' },
  )
  await run((signal) => carryOut(planned, terminal, logger, signal), { host: systemHost, logger, stopMs: STOP_MS })
}

async function carryOut(
  planned: Plan,
  terminal: Terminal,
  logger: ReturnType<typeof createLogger>,
  signal: AbortSignal,
): Promise<number> {
  switch (planned.kind) {
    case 'refuse':
      throw failure(planned.mistakes, EXIT_WRONG_USAGE)
    case 'print':
      terminal.print(planned.text)
      return EXIT_DONE
    case 'run': {
      const { verb, values, operands, flags } = planned
      const runVerb = await verb.load()
      return runVerb({ values, operands, flags, signal, logger, terminal })
    }
  }
}

/** Verbs that answer a person say what is wrong by their answer. */
function levelOf(values: Readonly<Record<string, unknown>>): LogLevel {
  // The setting's schema lets nothing else through.
  return (values.logLevel as LogLevel | undefined) ?? 'error'
}
