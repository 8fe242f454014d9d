// The questions of operators, by path of an admin address: the one place that names them. The verbs ask these, whether an
// admin address answers or the store itself does.
import { createEnvoyTypes, type EnvoyTypes } from '@fleetcast/shared/envoy/types'
import type { Answer, Query } from '@fleetcast/shared/runtime/admin'
import type { SetStore } from '@fleetcast/shared/store/set-store'
import { diffOf, historyOf, rollBack } from './history.ts'
import { findNamed, nodesOf } from './nodes.ts'
import { overviewOf, type Sources } from './status.ts'

export interface Questions {
  readonly questions: Readonly<Record<string, Answer>>
  readonly orders: Readonly<Record<string, Answer>>
}

const numberOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined

export function createQuestions(sources: Sources): Questions {
  const { store } = sources
  let known: EnvoyTypes | undefined
  /** Made when somebody asks: most processes are never asked. */
  const types = (): EnvoyTypes => {
    known ??= createEnvoyTypes()
    return known
  }
  return {
    questions: {
      '/status': () => overviewOf(sources),
      '/problems': async () => (await overviewOf(sources)).problems,
      '/nodes': ({ fleet }) => nodesOf(store, fleet),
      '/history': ({ fleet = '', limit }) => historyOf(store, fleet, numberOf(limit) ?? 20),
      '/diff': ({ fleet = '', from, to }) => diffOf(store, fleet, { from: numberOf(from), to: numberOf(to) }, types),
      '/explain': ({ name = '', fleet }) => findNamed(store, name, fleet),
    },
    orders: { '/rollback': (query) => orderRollback(store, query) },
  }
}

async function orderRollback(store: SetStore, { fleet = '', to }: Query): Promise<unknown> {
  const revision = numberOf(to)
  return revision === undefined ? undefined : rollBack(store, fleet, revision)
}
