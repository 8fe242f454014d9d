// LRS: takes the load reports of clients and sums them by cluster, for metrics. Every report is of the time since the one
// before it, so that sums are right whatever the number of streams.
import type { Metrics } from '@fleetcast/shared/runtime/metrics'
import type { Assignment } from '../identity/assign-fleet.ts'
import type { NodeInfo } from '../protocol/messages.ts'
import { decodeNode } from '../transport/codec/decode-node.ts'
import { frameOf, messageField, numberField } from '../transport/codec/message.ts'
import { type Cursor, cursor, enter, leave, readString, readTag, readVarint, skip } from '../transport/codec/wire.ts'
import type { Method } from '../transport/grpc/call.ts'
import { conversation, notReadable, type Refusal, type Reply } from '../transport/grpc/rpc.ts'

export interface LoadReportsOptions {
  readonly metrics: Metrics
  readonly assign: (node: NodeInfo, names: readonly string[] | undefined) => Assignment
}

interface ClusterLoad {
  readonly cluster: string
  successes: number
  errors: number
  issued: number
  dropped: number
}

interface LoadReport {
  readonly node: NodeInfo | undefined
  readonly clusters: readonly ClusterLoad[]
}

const unnamed: Refusal = {
  status: 'INVALID_ARGUMENT',
  message: 'the first report of a stream must name its node',
}
const intervalSeconds = 10
/** Clients name the clusters: a client that invents names must not fill the memory. */
const clustersMax = 20_000
const nameCharactersMax = 1024

export function createLoadReports({ metrics, assign }: LoadReportsOptions): Method {
  const totals = new Map<string, ClusterLoad>()
  const count = (name: string, help: string, field: 'successes' | 'errors' | 'issued' | 'dropped'): void => {
    metrics.counter(`fleetcast_edge_load_${name}_total`, help, ['cluster'], (counter) => {
      counter.reset()
      for (const load of totals.values()) counter.inc({ cluster: load.cluster }, load[field])
    })
  }
  count('requests', 'Requests that clients say they sent to a cluster (LRS).', 'issued')
  count('successes', 'Those that went well.', 'successes')
  count('errors', 'Those that failed.', 'errors')
  count('dropped_requests', 'Requests that clients dropped.', 'dropped')

  // LoadStatsResponse: load_reporting_interval 2 (seconds 1), send_all_clusters 4. Said once: it asks for reports for ever.
  const answer = frameOf(messageField(2, numberField(1, intervalSeconds)), numberField(4, 1))
  const add = (load: ClusterLoad): void => {
    const known = totals.get(load.cluster)
    if (known === undefined) {
      if (totals.size < clustersMax && load.cluster.length <= nameCharactersMax) totals.set(load.cluster, load)
      return
    }
    known.successes += load.successes
    known.errors += load.errors
    known.issued += load.issued
    known.dropped += load.dropped
  }

  return conversation('/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats', () => {
    let isTold = false
    return (bytes, peer): Reply => {
      const report = readReport(bytes)
      if (report === undefined) return notReadable
      // As for discovery: the first message names the node, and later ones need not (rules 4 and 5).
      if (report.node === undefined && !isTold) return unnamed
      const assignment = report.node && assign(report.node, peer.names)
      if (assignment?.kind === 'refused') return { status: 'PERMISSION_DENIED', message: assignment.reason }
      for (const load of report.clusters) add(load)
      const isFirst = !isTold
      isTold = true
      return isFirst ? answer : []
    }
  })
}

/** LoadStatsRequest: node 1, cluster_stats 2. */
function readReport(bytes: Buffer): LoadReport | undefined {
  const c = cursor(bytes)
  const clusters: ClusterLoad[] = []
  let node: NodeInfo | undefined
  for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
    if (tag === 10) node = decodeNode(c)
    else if (tag === 18) clusters.push(readClusterStats(c))
    else skip(c, tag)
  }
  return c.broken ? undefined : { node, clusters }
}

/** ClusterStats: cluster_name 1, upstream_locality_stats 2, total_dropped_requests 3. */
function readClusterStats(c: Cursor): ClusterLoad {
  const outer = enter(c)
  let cluster = ''
  const sums = { successes: 0, errors: 0, issued: 0, dropped: 0 }
  for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
    if (tag === 10) cluster = readString(c)
    else if (tag === 18) addLocality(c, sums)
    else if (tag === 24) sums.dropped = readVarint(c)
    else skip(c, tag)
  }
  leave(c, outer)
  return { cluster, ...sums }
}

/** UpstreamLocalityStats: total_successful_requests 2, total_error_requests 4, total_issued_requests 8. */
function addLocality(c: Cursor, sums: { successes: number; errors: number; issued: number }): void {
  const outer = enter(c)
  for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
    if (tag === 16) sums.successes += readVarint(c)
    else if (tag === 32) sums.errors += readVarint(c)
    else if (tag === 64) sums.issued += readVarint(c)
    else skip(c, tag)
  }
  leave(c, outer)
}
