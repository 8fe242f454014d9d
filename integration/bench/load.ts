// One run of the load generator against one server, and its results.
import { startChild } from '../harness/child.ts'
import type { Contender } from './contender.ts'

export type Variant = 'sotw' | 'delta'

export interface Shape {
  readonly clusters: number
  readonly streams: number
  /** 0: one a stream. */
  readonly connections: number
}

export interface LoadOptions {
  readonly shape: Shape
  readonly variant: Variant
  /** `connect,fanout`, … */
  readonly scenarios: string
  readonly flags?: readonly string[]
}

/** What xdsload prints for one scenario; only the fields that tables show. Times in ms. */
export interface LoadResult {
  readonly scenario: string
  readonly kind?: string
  readonly rate?: number
  readonly stream_errors: number
  readonly verify?: { readonly ok: boolean }
  readonly missed?: number
  readonly markers_ok?: boolean
  readonly latency_ms?: { readonly p50: number; readonly p99: number }
  readonly last_stream_ms?: { readonly p50: number }
  readonly last_response_ms?: { readonly max: number }
  readonly sync_ms?: { readonly max: number }
  readonly achieved_rate?: number
  readonly unsent_changes?: number
  readonly resent_unchanged?: number
  readonly server_cpu_us_per_stream_change?: number
  readonly server_cpu_ms_per_stream?: number
  readonly server_rss_per_stream?: number
  readonly bytes_per_stream_change?: number
  readonly resources_per_stream_change?: number
  readonly same_bytes_per_stream_change?: number
}

export async function runLoad(xdsload: string, server: Contender, options: LoadOptions): Promise<LoadResult[]> {
  const { clusters, streams, connections } = options.shape
  const child = startChild({
    command: xdsload,
    args: [
      options.scenarios,
      ...['-addr', server.address, '-control', server.control, '-server-pid', server.pids],
      ...['-variant', options.variant, '-label', server.name],
      ...['-streams', String(streams), '-conns', String(connections), '-clusters', String(clusters)],
      ...(server.name === 'floor' ? ['-endpoints', '12'] : []),
      ...(options.flags ?? []),
    ],
  })
  const { code } = await child.exited
  const results = child
    .stdout()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LoadResult)
  if (code !== 0) throw new Error(`xdsload against ${server.name}: ${child.stderr().trim()}`)
  return results
}

/** True where every stream ended with exactly the server's state, and nothing broke or was missed on the way. */
export const isSound = (result: LoadResult): boolean =>
  result.stream_errors === 0 && (result.missed ?? 0) === 0 && result.markers_ok !== false && result.verify?.ok !== false
