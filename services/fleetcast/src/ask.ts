// How the operators' verbs get their answers: from an admin address, or from Redis itself.
import { type Address, formatAddress } from '@fleetcast/shared/runtime/address'
import { systemClock } from '@fleetcast/shared/runtime/clock'
import type { Flags } from '@fleetcast/shared/runtime/config'
import { failure, reasonOf } from '@fleetcast/shared/runtime/failure'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import ora from 'ora'
import { createQuestions } from './answers/questions.ts'
import { openPorts, type PortValues } from './ports.ts'
import type { Terminal } from './terminal.ts'

export interface AskValues extends Omit<PortValues, 'redis'> {
  readonly admin: Address
  readonly redis: string | undefined
}

export interface AskCall {
  readonly values: AskValues
  readonly flags: Flags
  readonly terminal: Terminal
  readonly logger: Logger
}

export interface Question {
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | undefined>>
  /** It changes something. */
  readonly isOrder?: boolean
}

const ANSWER_MS_MAX = 15_000

/** The answer, or undefined for "there is no such thing". Fails with a message that says who did not answer. */
export async function ask(call: AskCall, question: Question): Promise<unknown> {
  const { values, flags, terminal } = call
  const query = textsOf(question.query ?? {})
  const spinner = terminal.isInteractive ? ora({ stream: process.stderr, text: 'asking' }).start() : undefined
  try {
    // An admin address that was asked for beats a Redis that only the environment names.
    const usesAdmin = values.redis === undefined || (flags.admin !== undefined && flags.redis === undefined)
    return usesAdmin
      ? await askAdmin(values.admin, question, query)
      : await askRedis({ ...values, redis: values.redis ?? '' }, call.logger, question, query)
  } finally {
    spinner?.stop()
  }
}

const textsOf = (query: NonNullable<Question['query']>): Record<string, string> =>
  Object.fromEntries(Object.entries(query).flatMap(([k, v]) => (v === undefined ? [] : [[k, String(v)]])))

async function askAdmin(address: Address, question: Question, query: Record<string, string>): Promise<unknown> {
  const where = `http://${formatAddress(address)}`
  const url = new URL(question.path, where)
  if (!question.isOrder) url.search = new URLSearchParams(query).toString()
  const order = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(query) }
  const signal = AbortSignal.timeout(ANSWER_MS_MAX)
  const response = await fetch(url, { ...(question.isOrder ? order : {}), signal }).catch((error: unknown) => {
    const reason = reasonOf(error instanceof Error && error.cause ? error.cause : error)
    throw failure(`nothing answers on ${where}: ${reason}; name the admin address with --admin, or Redis with --redis`)
  })
  const text = await response.text()
  if (response.status === 404) return undefined
  if (!response.ok) throw failure(`${where} answered ${response.status}: ${text.trim()}`)
  return parseAnswer(text, where)
}

function parseAnswer(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw failure(`${where} did not answer as a fleetcast admin address does`, 1, error)
  }
}

async function askRedis(
  values: PortValues,
  logger: Logger,
  question: Question,
  query: Record<string, string>,
): Promise<unknown> {
  const ports = await openPorts({ values, clock: systemClock, random: Math.random, logger, name: 'operator' })
  try {
    const lack = await ports.redis.health()
    if (lack !== undefined) throw failure(`--redis: ${lack}`)
    const { questions, orders } = createQuestions({ store: ports.openStore() })
    return await (question.isOrder ? orders : questions)[question.path]?.(query)
  } finally {
    await ports.close()
  }
}
