// CSDS: what each node was sent and said to it, by resource: version, state, the text of a NACK. Computed when somebody
// asks, from what the streams are; shows no content, and so no secret (rule 8 of the design).
import type { Lane } from '../protocol/lane.ts'
import { frameOf, messageField, numberField, textField } from '../transport/codec/message.ts'
import { type Cursor, cursor, enter, leave, readString, readTag, readVarint, skip } from '../transport/codec/wire.ts'
import type { Method } from '../transport/grpc/call.ts'
import { conversation, notReadable, type Reply, unary } from '../transport/grpc/rpc.ts'
import type { Session } from './xds-stream.ts'

const SERVICE = '/envoy.service.status.v3.ClientStatusDiscoveryService'

/** ConfigStatus and ClientResourceStatus, those that are told. */
const CONFIG = { notSent: 2, synced: 1, stale: 3, error: 4 } as const
const CLIENT = { requested: 1, doesNotExist: 2, acked: 3, nacked: 4 } as const

/** Whether a node's id is asked for. */
type Matcher = (id: string) => boolean

export function createClientStatus(sessions: () => Iterable<Session>): readonly Method[] {
  const reply = (bytes: Buffer): Reply => {
    const matchers = readMatchers(bytes)
    if (matchers === undefined) return notReadable
    const found = [...sessions()].filter(({ record }) => record && isAsked(matchers, record.node.id))
    // ClientStatusResponse.config.
    return frameOf(...found.map((session) => messageField(1, configOf(session))))
  }
  return [unary(`${SERVICE}/FetchClientStatus`, reply), conversation(`${SERVICE}/StreamClientStatus`, () => reply)]
}

const isAsked = (matchers: readonly Matcher[], id: string): boolean =>
  matchers.length === 0 || matchers.some((matches) => matches(id))

/** ClientConfig: node 1, generic_xds_configs 3. A node with several streams has several. */
function configOf({ record, stream }: Session): Buffer {
  const { id = '', cluster = '', userAgent = '' } = record?.node ?? {}
  const node = messageField(1, textField(1, id), textField(2, cluster), textField(6, userAgent))
  return Buffer.concat([node, ...stream.state.lanes.flatMap((lane) => resourcesOf(lane, record))])
}

function resourcesOf(lane: Lane, record: Session['record']): readonly Buffer[] {
  const { history, subscription } = lane
  const status = record?.types.get(lane.type.url)
  const found = [...(history?.covered(subscription) ?? [])]
  const missing = [...subscription.names].filter((name) => name !== '*' && history?.get(name) === undefined)
  return [
    ...found.map(({ name, version }) => {
      const error = isRefused(lane, name) ? status?.error : undefined
      return entry(lane, name, version, error === undefined ? standing(lane) : 'nacked', error)
    }),
    ...missing.map((name) => entry(lane, name, '', 'doesNotExist', undefined)),
  ]
}

const isRefused = ({ refused }: Lane, name: string): boolean => refused === 'all' || refused?.has(name) === true

/** A response that is not answered may hold any of the type's resources. */
const standing = (lane: Lane): keyof typeof CLIENT => (lane.isAwaiting || lane.nonce === '' ? 'requested' : 'acked')

const configStatus = {
  requested: CONFIG.notSent,
  doesNotExist: CONFIG.notSent,
  acked: CONFIG.synced,
  nacked: CONFIG.error,
}

/** GenericXdsConfig: type_url 1, name 2, version_info 3, config_status 6, client_status 7, error_state 8 (details 3, version_info 4). */
function entry(
  lane: Lane,
  name: string,
  version: string,
  state: keyof typeof CLIENT,
  error: string | undefined,
): Buffer {
  return messageField(
    3,
    textField(1, lane.type.url),
    textField(2, name),
    textField(3, version),
    numberField(6, configStatus[state]),
    numberField(7, CLIENT[state]),
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
