// Answers REST clients: by identity and fleet as for streams, at once where the client's version is not the present one,
// else when something changes or the wait is over.
import type { Version } from '@fleetcast/shared/resources/resource'
import {
  CLUSTER,
  ENDPOINTS,
  LISTENER,
  type ResourceType,
  ROUTES,
  SCOPED_ROUTES,
} from '@fleetcast/shared/resources/types'
import type { Clock } from '@fleetcast/shared/runtime/clock'
import type { AckBoard, StreamRecord } from '../acks/ack-board.ts'
import type { Assignment } from '../identity/assign-fleet.ts'
import type { NodeInfo } from '../protocol/messages.ts'
import type { FleetHistory } from '../sets/fleet-history.ts'
import type { RestAnswer, RestQuestion } from '../transport/rest/rest-server.ts'
import { createRestRefusals } from './rest-refusals.ts'
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

/** There is something to say, and it may not be said yet. */
const EARLY = { kind: 'early' } as const
type Early = typeof EARLY
/** In this time a client has asked for new clusters, and then for their endpoints, wherever it asked. */
const FOLLOW_MS = 2_000
/** How often a question is looked at again whose answer waits for that. */
const EARLY_LOOK_MS = 200
/** A node that has not asked for so long is gone. */
const nodeMs = 60_000
/** Clients say who they are: one that invents nodes must not fill the memory. */
const nodesMax = 20_000

export function createRestAnswers(options: RestAnswersOptions): RestAnswers {
  const { clock, board } = options
  const times = createRestTimes()
  const refusals = createRestRefusals()
  const waiting = new Set<() => void>()
  const records = createRecords(clock, board)

  const clustersOf = (history: FleetHistory): Version | undefined =>
    restState(history, CLUSTERS, [], times.removalsAt(history, clock.now()))?.version
  /**
   * Rule 71: true while something may refer to clusters, or to their endpoints, that the client does not have yet. It says which ones it has only
   * where it asks for clusters, so that is waited for, but not for so long that what is replaced could go meanwhile.
   */
  const isEarly = ({ type }: RestQuestion, record: StreamRecord, history: FleetHistory): boolean => {
    const clusters = record.types.get(CLUSTER)
    if (!NEED_CLUSTERS.has(type.url)) return false
    const { clustersAt } = history.type(type.url)
    const ageMs = times.ageOf(history, clustersAt, clock.now())
    if (ageMs > history.removeAfterMs / 2) return false
    // Each question may reach another edge, so none knows all that the client has taken.
    if (ageMs < Math.min(FOLLOW_MS, history.removeAfterMs / 2)) return true
    if (clustersAt > history.clustersSettledAt || (clusters !== undefined && clusters.version !== clustersOf(history)))
      return true
    return refusals.isAwaiting(record, ENDPOINTS)
  }
  /** Undefined: nothing new to say. */
  const look = (question: RestQuestion): RestAnswer | Early | undefined => {
    const { type, node, names, version, peer } = question
    const assignment = options.assign(node, peer.names)
    if (assignment.kind === 'refused') return { kind: 'refused', reason: assignment.reason }
    const record = records.of(node, peer.address)
    const fleet = 'fleet' in assignment ? assignment.fleet.name : undefined
    if (record.fleet !== fleet) board.assigned(record, fleet)
    const history = assignment.kind === 'fleet' ? options.historyOf(assignment.fleet.name) : undefined
    if (history === undefined || history.seq === 0) return undefined
    const state = restState(history, type, names, times.removalsAt(history, clock.now()))
    if (state === undefined) return undefined
    // Going back to what it took last is sent too, once.
    if (state.version === version && !refusals.isDoubtful(record, question)) {
      refusals.settled(record, question)
      return undefined
    }
    if (version !== '' && isEarly(question, record, history)) return EARLY
    return { kind: 'fresh', ...state }
  }
  const give = (question: RestQuestion, answer: RestAnswer): RestAnswer => {
    const { node, peer, type } = question
    const record = records.of(node, peer.address)
    if (answer.kind !== 'fresh' || record.fleet === undefined) return answer
    refusals.given(record, question, answer.version)
    board.sent(record, type.url, options.revisionOf(record.fleet))
    return answer
  }
  /** What the question says of the answer before it. Returns the version that the client did not take. */
  const noteAnswer = (question: RestQuestion): Version | undefined => {
    const { type, node, version, error, peer } = question
    const record = records.of(node, peer.address)
    const refused = refusals.refused(record, question)
    if (error !== undefined) board.rejected(record, type.url, version, error)
    else if (refused !== undefined) board.rejected(record, type.url, refused, whyOf(question, refused))
    else if (isNew(record, type, version) && !refusals.isRefusing(record, type.url))
      board.acked(record, type.url, version)
    return refused
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
      const refused = noteAnswer(question)
      // Rule 17: what was refused is not sent again at once. It is when the wait is over, in case that it is taken now.
      const isNews = (found: ReturnType<typeof look>): found is RestAnswer =>
        found !== undefined && found.kind !== 'early' && !(found.kind === 'fresh' && found.version === refused)
      if (isNews(first)) return give(question, first)
      return new Promise((resolve) => {
        let cancelLook = (): void => {}
        const end = (answer: RestAnswer): void => {
          cancel()
          cancelLook()
          waiting.delete(again)
          resolve(answer)
        }
        const again = (): void => {
          const found = look(question)
          if (isNews(found)) end(give(question, found))
          else if (found?.kind === 'early') lookSoon()
        }
        /** Time alone ends what is too early, and what the node asks for elsewhere. */
        const lookSoon = (): void => {
          cancelLook()
          cancelLook = clock.after(EARLY_LOOK_MS, again)
        }
        // What was removed may have become due meanwhile, without any news.
        const cancel = clock.after(question.waitMs, () => {
          const found = look(question)
          end(give(question, found === undefined || found.kind === 'early' ? { kind: 'unchanged' } : found))
        })
        waiting.add(again)
        if (first?.kind === 'early') lookSoon()
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

const CLUSTERS: Pick<ResourceType, 'url' | 'full' | 'wildcard'> = { url: CLUSTER, full: true, wildcard: true }
/** Types that may refer to clusters. */
const NEED_CLUSTERS: ReadonlySet<string> = new Set([LISTENER, SCOPED_ROUTES, ROUTES])

const whyOf = ({ version }: RestQuestion, refused: Version): string =>
  `asks with version ${JSON.stringify(version)} again after ${refused} was sent: its own log or /stats says why`

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
      const forget = (gone: string, { record, cancel }: typeof entry): void => {
        cancel()
        known.delete(gone)
        board.closed(record)
      }
      // Whoever asked longest ago is forgotten first.
      known.delete(key)
      for (const [oldest, its] of known) {
        if (known.size < nodesMax) break
        forget(oldest, its)
      }
      known.set(key, entry)
      entry.cancel()
      entry.cancel = clock.after(nodeMs, () => forget(key, entry))
      return entry.record
    },
  }
}
