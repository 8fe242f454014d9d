// What each node was sent, took and refused: by node, stream and type. Knows no store: a reporter reads it. A stream that
// ACKs costs a few assignments here and no allocation.
import type { TypeUrl, Version } from '@fleetcast/shared/resources/resource'
import { RESOURCE_TYPES } from '@fleetcast/shared/resources/types'
import type { NodeStatus } from '@fleetcast/shared/store/set-store'
import type { NodeInfo } from '../protocol/messages.ts'

export interface TypeStatus {
  /** The version the client holds: the last that it took. */
  version: Version
  acked: boolean
  /** The fleet's revision when that version was sent. */
  revision: number
  /** The text of the last NACK while it stands. */
  error: string | undefined
  sentRevision: number
  sentAt: number
}

/** One stream of a node. */
export interface StreamRecord {
  readonly node: NodeInfo
  /** The same for all streams of the node. */
  readonly key: string
  readonly address: string
  readonly connectedAt: number
  readonly types: Map<TypeUrl, TypeStatus>
  fleet: string | undefined
  /** Has changed since it was last read for a report. */
  isDirty: boolean
}

export interface AckBoard {
  opened(node: NodeInfo, address: string): StreamRecord
  closed(record: StreamRecord): void
  assigned(record: StreamRecord, fleet: string | undefined): void
  sent(record: StreamRecord, type: TypeUrl, revision: number): void
  /** Seconds since it was sent. */
  acked(record: StreamRecord, type: TypeUrl, version: Version): number
  rejected(record: StreamRecord, type: TypeUrl, version: Version, error: string): void
  /** All nodes, one entry a node whatever its number of streams. */
  nodes(): readonly NodeStatus[]
  /** Those that changed since the last call. */
  changed(): readonly NodeStatus[]
}

const shortOf = new Map(RESOURCE_TYPES.map(({ url, short }) => [url, short]))

export function createAckBoard(options: { readonly edge: string; readonly now: () => number }): AckBoard {
  const { edge, now } = options
  /** By key, in the order in which they opened: nearly always one. */
  const records = new Map<string, StreamRecord[]>()
  let dirty: StreamRecord[] = []

  const mark = (record: StreamRecord): void => {
    if (record.isDirty) return
    record.isDirty = true
    dirty.push(record)
  }
  const statusOf = (record: StreamRecord, type: TypeUrl): TypeStatus => {
    const known = record.types.get(type)
    if (known) return known
    const made = { version: '', acked: false, revision: 0, error: undefined, sentRevision: 0, sentAt: 0 }
    record.types.set(type, made)
    return made
  }
  return {
    opened(node, address) {
      const record: StreamRecord = {
        node,
        key: `${node.cluster}\n${node.id}`,
        address,
        connectedAt: now(),
        types: new Map(),
        fleet: undefined,
        isDirty: false,
      }
      const known = records.get(record.key)
      if (known) known.push(record)
      else records.set(record.key, [record])
      mark(record)
      return record
    },
    closed(record) {
      const streams = records.get(record.key) ?? []
      const at = streams.indexOf(record)
      if (at >= 0) streams.splice(at, 1)
      if (streams.length === 0) records.delete(record.key)
    },
    assigned(record, fleet) {
      record.fleet = fleet
      mark(record)
    },
    sent(record, type, revision) {
      // An answer about a type that is not served says nothing about the node.
      if (!shortOf.has(type)) return
      const status = statusOf(record, type)
      status.sentRevision = revision
      status.sentAt = now()
    },
    acked(record, type, version) {
      const status = statusOf(record, type)
      status.version = version
      status.acked = true
      status.revision = status.sentRevision
      status.error = undefined
      mark(record)
      return (now() - status.sentAt) / 1000
    },
    rejected(record, type, _version, error) {
      const status = statusOf(record, type)
      status.acked = false
      status.error = error
      mark(record)
    },
    nodes() {
      const all: NodeStatus[] = []
      for (const streams of records.values()) addStatus(all, streams, edge)
      return all
    },
    changed() {
      const keys = new Set(dirty.map(({ key }) => key))
      for (const record of dirty) record.isDirty = false
      dirty = []
      const all: NodeStatus[] = []
      for (const key of keys) addStatus(all, records.get(key), edge)
      return all
    },
  }
}

/** The streams of one node as one status: types come from all of them, the rest from the last that opened. */
function addStatus(to: NodeStatus[], streams: Iterable<StreamRecord> | undefined, edge: string): void {
  let last: StreamRecord | undefined
  const types: Record<string, NodeStatus['types'][string]> = {}
  for (const record of streams ?? []) {
    last = record
    for (const [type, status] of record.types) types[shortOf.get(type) ?? type] = shown(status)
  }
  if (last === undefined) return
  const { node, fleet, address, connectedAt } = last
  to.push({
    id: node.id,
    cluster: node.cluster,
    ...(fleet === undefined ? {} : { fleet }),
    edge,
    address,
    connectedAt: new Date(connectedAt).toISOString(),
    ...(node.userAgent === '' ? {} : { userAgent: node.userAgent }),
    types,
  })
}

const shown = ({ version, acked, revision, error }: TypeStatus): NodeStatus['types'][string] =>
  error === undefined ? { version, acked, revision } : { version, acked, revision, error }
