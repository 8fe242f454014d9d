// CSDS: what each node was sent and said to it, by resource: version, state, the text of a NACK. Computed when somebody
// asks, from what the streams are; shows no content, and so no secret (rule 8 of the design).
import type { Clock } from '@fleetcast/shared/runtime/clock'
import type { Lane } from '../protocol/lane.ts'
import { frameOf, messageField, numberField, textField } from '../transport/codec/message.ts'
import { type Cursor, cursor, enter, leave, readString, readTag, readVarint, skip } from '../transport/codec/wire.ts'
import type { Method, Peer } from '../transport/grpc/call.ts'
import { conversation, notReadable, type Refusal, type Reply, unary } from '../transport/grpc/rpc.ts'
import { createPacer, type Pace } from '../transport/http2/pacer.ts'
import type { Session } from './xds-stream.ts'

const SERVICE = '/envoy.service.status.v3.ClientStatusDiscoveryService'

/** ConfigStatus and ClientResourceStatus, those that are told. */
const CONFIG = { synced: 1, notSent: 2, stale: 3, error: 4 } as const
const CLIENT = { requested: 1, doesNotExist: 2, acked: 3, nacked: 4 } as const

/** Where a node stands with a resource, in the words of both enums. */
const STATES = {
  waiting: { config: CONFIG.notSent, client: CLIENT.requested },
  sent: { config: CONFIG.stale, client: CLIENT.requested },
  missing: { config: CONFIG.notSent, client: CLIENT.doesNotExist },
  acked: { config: CONFIG.synced, client: CLIENT.acked },
  nacked: { config: CONFIG.error, client: CLIENT.nacked },
} as const
type State = keyof typeof STATES

/** Whether a node's id is asked for. */
type Matcher = (id: string) => boolean

export interface ClientStatusOptions {
  readonly clock: Clock
  readonly sessions: () => Iterable<Session>
  /** Whether who has these names may know about the nodes of the fleet (rule 10 of the design). */
  readonly mayKnow: (fleet: string, names: readonly string[] | undefined) => boolean
}

/** An answer of so many resources has some 8 MB, and more clients would not read. */
const resourcesMax = 50_000
const tooMany: Refusal = {
  status: 'RESOURCE_EXHAUSTED',
  message: `the answer would have more than ${resourcesMax} resources: name nodes with node_matchers`,
}
const tooOften: Refusal = { status: 'RESOURCE_EXHAUSTED', message: 'the status of clients is asked for too often' }
/** All who ask together may have a tenth of a core. */
const pace: Pace = { perSecond: 100, burst: 100, perWorkMs: 1 }

export function createClientStatus({ clock, sessions, mayKnow }: ClientStatusOptions): readonly Method[] {
  const pacer = createPacer(clock, pace)
  const reply = (bytes: Buffer, { names }: Peer): Reply => {
    const matchers = readMatchers(bytes)
    if (matchers === undefined) return notReadable
    if (pacer.take(0) > 0) return tooOften
    const startedAt = clock.now()
    const nodes = new Map<string, Session[]>()
    for (const session of sessions()) {
      const { record } = session
      if (record === undefined || !isAsked(matchers, record.node.id)) continue
      if (record.fleet !== undefined && !mayKnow(record.fleet, names)) continue
      const key = `${record.node.cluster}\n${record.node.id}`
      nodes.set(key, [...(nodes.get(key) ?? []), session])
    }
    const answer = responseOf(nodes.values())
    pacer.take(clock.now() - startedAt)
    return answer
  }
  return [unary(`${SERVICE}/FetchClientStatus`, reply), conversation(`${SERVICE}/StreamClientStatus`, () => reply)]
}

/** ClientStatusResponse: config 1, one a node whatever its number of streams. */
function responseOf(nodes: Iterable<readonly Session[]>): Reply {
  const configs: Buffer[] = []
  let resources = 0
  for (const streams of nodes) {
    const entries: Buffer[] = []
    for (const { record, stream } of streams) {
      for (const lane of stream.state.lanes) {
        for (const one of resourcesOf(lane, record)) {
          if (++resources > resourcesMax) return tooMany
          entries.push(one)
        }
      }
    }
    configs.push(messageField(1, nodeOf(streams), ...entries))
  }
  return frameOf(...configs)
}

const isAsked = (matchers: readonly Matcher[], id: string): boolean =>
  matchers.length === 0 || matchers.some((matches) => matches(id))

/** ClientConfig.node 1, of which id 1, cluster 2 and user_agent_name 6. */
function nodeOf([first]: readonly Session[]): Buffer {
  const { id = '', cluster = '', userAgent = '' } = first?.record?.node ?? {}
  return messageField(1, textField(1, id), textField(2, cluster), textField(6, userAgent))
}

function* resourcesOf(lane: Lane, record: Session['record']): Iterable<Buffer> {
  const { history, subscription } = lane
  const error = record?.types.get(lane.type.url)?.error
  const stateOf = statesOf(lane, error)
  for (const { name, version } of history?.covered(subscription) ?? []) {
    const state = stateOf(name)
    yield entry(lane, name, version, state, state === 'nacked' ? error : undefined)
  }
  for (const name of subscription.names) {
    if (name !== '*' && history?.get(name) === undefined) yield entry(lane, name, '', 'missing', undefined)
  }
}

/** A response that is not answered speaks for what is in it; the rest stands where it stood. */
function statesOf(lane: Lane, error: string | undefined): (name: string) => State {
  const { history, step, part, refused } = lane
  const outstanding = new Set(step?.parts[part]?.resources.map(({ name }) => name))
  const unsent = new Set(step?.parts.slice(part + 1).flatMap(({ resources }) => resources.map(({ name }) => name)))
  const changed = lane.isAwaiting ? history?.changedSince(lane.at) : undefined
  return (name) => {
    if (outstanding.has(name)) return 'sent'
    if (lane.nonce === '' || unsent.has(name) || changed?.has(name)) return 'waiting'
    const isRefused = refused === 'all' || refused?.has(name) === true
    return isRefused && error !== undefined ? 'nacked' : 'acked'
  }
}

/** GenericXdsConfig: type_url 1, name 2, version_info 3, config_status 6, client_status 7, error_state 8 (details 3, version_info 4). */
function entry(lane: Lane, name: string, version: string, state: State, error: string | undefined): Buffer {
  return messageField(
    3,
    textField(1, lane.type.url),
    textField(2, name),
    textField(3, version),
    numberField(6, STATES[state].config),
    numberField(7, STATES[state].client),
    ...(error === undefined ? [] : [messageField(8, textField(3, error), textField(4, version))]),
  )
}

/** ClientStatusRequest: node_matchers 1 { node_id 1 }. Matchers of metadata match nothing: it is not kept. */
function readMatchers(bytes: Buffer): readonly Matcher[] | undefined {
  const c = cursor(bytes)
  const matchers: Matcher[] = []
  for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
    if (tag !== 10) {
      skip(c, tag)
      continue
    }
    const outer = enter(c)
    let matcher: Matcher = () => false
    for (let inner = readTag(c); inner !== 0; inner = readTag(c)) {
      if (inner === 10) matcher = readStringMatcher(c)
      else skip(c, inner)
    }
    leave(c, outer)
    matchers.push(matcher)
  }
  return c.broken ? undefined : matchers
}

/** StringMatcher: exact 1, prefix 2, suffix 3, ignore_case 6, contains 7. Expressions are refused as matching nothing. */
function readStringMatcher(c: Cursor): Matcher {
  const outer = enter(c)
  let matches: (text: string, wanted: string) => boolean = () => false
  let wanted = ''
  let isCaseIgnored = false
  for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
    if (tag === 48) isCaseIgnored = readVarint(c) !== 0
    else if (tag === 10 || tag === 18 || tag === 26 || tag === 58) {
      wanted = readString(c)
      matches = comparisons[tag]
    } else skip(c, tag)
  }
  leave(c, outer)
  const fold = (text: string): string => (isCaseIgnored ? text.toLowerCase() : text)
  return (id) => matches(fold(id), fold(wanted))
}

const comparisons = {
  10: (text: string, wanted: string) => text === wanted,
  18: (text: string, wanted: string) => text.startsWith(wanted),
  26: (text: string, wanted: string) => text.endsWith(wanted),
  58: (text: string, wanted: string) => text.includes(wanted),
} as const
