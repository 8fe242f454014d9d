// Finds out what a REST client refused. Envoy does not say so by REST: it asks again with the version that it had. One such
// question may mean that the answer was lost; a second one, after a second answer, means that it was not taken. Keeps
// something only from an answer until it was taken.
import type { Version } from '@fleetcast/shared/resources/resource'
import type { StreamRecord } from '../acks/ack-board.ts'
import type { RestQuestion } from '../transport/rest/rest-server.ts'

export interface RestRefusals {
  /** Call for each question, before it is answered: the version that the client did not take, where that is so. */
  refused(record: StreamRecord, question: RestQuestion): Version | undefined
  /** True while the client has not taken something of that type, whatever its names. */
  isRefusing(record: StreamRecord, type: string): boolean
  /** True while something of that type was answered, and no later question said that it was taken. */
  isAwaiting(record: StreamRecord, type: string): boolean
  /** True where the client was sent something that it did not take since it had what it has: part of that may be with it (rule 19). */
  isDoubtful(record: StreamRecord, question: RestQuestion): boolean
  /** The question was answered with this. */
  given(record: StreamRecord, question: RestQuestion, version: Version): void
  /** The client has what there is. */
  settled(record: StreamRecord, question: RestQuestion): void
}

interface Given {
  readonly type: string
  /** What the client said it has. */
  readonly held: Version
  readonly sent: Version
  readonly times: number
}

const TIMES_MIN = 2

export function createRestRefusals(): RestRefusals {
  const open = new WeakMap<StreamRecord, Map<string, Given>>()
  const isRefusal = ({ times }: Given): boolean => times >= TIMES_MIN

  return {
    refused(record, question) {
      const all = open.get(record)
      const last = all?.get(keyOf(question))
      if (last === undefined) return undefined
      if (last.held === question.version) return isRefusal(last) ? last.sent : undefined
      // It has moved on, to what it was sent or to what another edge sent it.
      all?.delete(keyOf(question))
      return undefined
    },
    isRefusing: (record, type) =>
      [...(open.get(record)?.values() ?? [])].some((given) => given.type === type && isRefusal(given)),
    isAwaiting: (record, type) => [...(open.get(record)?.values() ?? [])].some((given) => given.type === type),
    isDoubtful(record, question) {
      const last = open.get(record)?.get(keyOf(question))
      return last !== undefined && last.held === question.version && last.sent !== question.version
    },
    given(record, question, version) {
      const all = open.get(record) ?? new Map<string, Given>()
      open.set(record, all)
      const last = all.get(keyOf(question))
      const times = last?.held === question.version && last.sent === version ? last.times + 1 : 1
      all.set(keyOf(question), { type: question.type.url, held: question.version, sent: version, times })
    },
    settled(record, question) {
      open.get(record)?.delete(keyOf(question))
    },
  }
}

const keyOf = ({ type, names }: RestQuestion): string => [type.url, ...names].join('\n')
