// Answers REST clients: by identity and fleet as for streams, at once where the client's version is not the present one,
// else when something changes or the wait is over.
import type { ResourceType } from '@fleetcast/shared/resources/types'
import type { Clock } from '@fleetcast/shared/runtime/clock'
import type { AckBoard, StreamRecord } from '../acks/ack-board.ts'
import type { Assignment } from '../identity/assign-fleet.ts'
import type { NodeInfo } from '../protocol/messages.ts'
import type { FleetHistory } from '../sets/fleet-history.ts'
import type { RestAnswer, RestQuestion } from '../transport/rest/rest-server.ts'
import { createRestTimes, restState } from './rest-state.ts'

export interface RestAnswers {
  answer(question: RestQuestion, signal: AbortSignal): Promise<RestAnswer>
  /** The directory or a fleet's history changed: who waits looks again. */
  advanced(): void
}

export interface RestAnswersOptions {
  readonly clock: Clock
  readonly board: AckBoard
  readonly assign: (node: NodeInfo, names: readonly string[] | undefined) => Assignment
  readonly fleets: () => Iterable<string>
  readonly historyOf: (fleet: string) => FleetHistory | undefined
  readonly revisionOf: (fleet: string) => number
  readonly confirm: (fleet: string, done: () => void) => void
}

/** A node that has not asked for so long is gone. */
const nodeMs = 60_000

export function createRestAnswers(options: RestAnswersOptions): RestAnswers {
  const { clock, board } = options
  const times = createRestTimes()
  const waiting = new Set<() => void>()
  const records = createRecords(clock, board)

  /** Undefined: nothing new to say. */
  const look = ({ type, node, names, version, peer }: RestQuestion): RestAnswer | undefined => {
    const assignment = options.assign(node, peer.names)
    if (assignment.kind === 'refused') return { kind: 'refused', reason: assignment.reason }
    const record = records.of(node, peer.address)
    const fleet = 'fleet' in assignment ? assignment.fleet.name : undefined
    if (record.fleet !== fleet) board.assigned(record, fleet)
    const history = assignment.kind === 'fleet' ? options.historyOf(assignment.fleet.name) : undefined
    if (history === undefined || history.seq === 0) return undefined
    const state = restState(history, type, names, times.removalsAt(history, clock.now()))
    if (state === undefined || state.version === version) return undefined
    board.sent(record, type.url, options.revisionOf(history.fleet))
    return { kind: 'fresh', ...state }
  }
  const noteAnswer = ({ type, node, version, error, peer }: RestQuestion): void => {
    const record = records.of(node, peer.address)
    if (error !== undefined) board.rejected(record, type.url, version, error)
    else if (isNew(record, type, version)) board.acked(record, type.url, version)
  }
  const confirmed = ({ node, peer }: RestQuestion): Promise<void> =>
    new Promise((resolve) => {
      const assignment = options.assign(node, peer.names)
      if (assignment.kind === 'fleet') options.confirm(assignment.fleet.name, resolve)
      else resolve()
    })

  return {
    async answer(question, signal) {
      await confirmed(question)
      const first = look(question)
      if (first?.kind === 'refused') return first
      noteAnswer(question)
      if (first !== undefined) return first
      return new Promise((resolve) => {
        const end = (answer: RestAnswer): void => {
          cancel()
          waiting.delete(again)
          resolve(answer)
        }
        const again = (): void => {
          const found = look(question)
          if (found !== undefined) end(found)
        }
        // What was removed may have become due meanwhile, without any news.
        const cancel = clock.after(question.waitMs, () => end(look(question) ?? { kind: 'unchanged' }))
        waiting.add(again)
        signal.addEventListener('abort', () => end({ kind: 'unchanged' }), { once: true })
      })
    },
    advanced() {
      for (const fleet of options.fleets()) {
        const history = options.historyOf(fleet)
        if (history) times.note(history, clock.now())
      }
      for (const again of [...waiting]) again()
    },
  }
}

const isNew = (record: StreamRecord, type: ResourceType, version: string): boolean => {
  const known = record.types.get(type.url)
  return version !== '' && (known?.version !== version || !known.acked)
}

/** One record for each node, until it has not asked for a while. */
function createRecords(clock: Clock, board: AckBoard): { of(node: NodeInfo, address: string): StreamRecord } {
  const known = new Map<string, { readonly record: StreamRecord; cancel: () => void }>()
  return {
    of(node, address) {
      const key = `${node.cluster}\n${node.id}`
      const entry = known.get(key) ?? { record: board.opened(node, address), cancel: () => {} }
      known.set(key, entry)
      entry.cancel()
      entry.cancel = clock.after(nodeMs, () => {
        known.delete(key)
        board.closed(entry.record)
      })
      return entry.record
    },
  }
}
