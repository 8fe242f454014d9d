// The admin address of a role: what its parts lack, what they are doing, and the operators' questions where it has a store.
import type { Address } from '@fleetcast/shared/runtime/address'
import { type Admin, createAdmin } from '@fleetcast/shared/runtime/admin'
import { reasonOf } from '@fleetcast/shared/runtime/failure'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import type { Metrics } from '@fleetcast/shared/runtime/metrics'
import { createQuestions, type Questions } from './answers/questions.ts'
import { overviewOf, type Sources } from './answers/status.ts'
import { readVersion } from './version.ts'

/** One part of a process, as its admin address sees it. */
export interface Part {
  /** What keeps it from doing its work, a line each. */
  missing(): readonly string[]
  /** Plain JSON. */
  status(): unknown
}

export interface RoleAdminOptions {
  readonly role: string
  readonly address: Address
  readonly logger: Logger
  readonly metrics: Metrics
  readonly parts: Readonly<Record<string, Part>>
  readonly sources?: Sources
  /** Aborted: the process is about to end, and not ready any more. */
  readonly signal: AbortSignal
}

export function createRoleAdmin(options: RoleAdminOptions): Promise<Admin> {
  const { role, address, logger, metrics, parts, sources, signal } = options
  const missing = (): readonly string[] =>
    signal.aborted ? ['it is stopping'] : Object.values(parts).flatMap((part) => part.missing())
  const version = readVersion()
  const questions = sources ? createQuestions(sources) : { questions: {}, orders: {} }
  return createAdmin({
    address,
    logger,
    metrics,
    missing,
    orders: questions.orders,
    questions: withoutStatus(questions.questions),
    async status() {
      const lacks = missing()
      return {
        role,
        version,
        ready: lacks.length === 0,
        missing: lacks,
        ...(sources ? await overview(sources) : {}),
        parts: Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.status()])),
      }
    },
  })
}

/** While the store can't be asked the rest of the status is told all the same. */
async function overview(sources: Sources): Promise<object> {
  try {
    return await overviewOf(sources)
  } catch (error) {
    return { store: `can't be asked: ${reasonOf(error)}` }
  }
}

/** The role's own status, which holds the store's, stands in its place. */
const withoutStatus = ({ '/status': _store, ...others }: Questions['questions']): Questions['questions'] => others
