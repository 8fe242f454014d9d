// What is measured: runs of the load generator, and the lines of the table that are read from each. Data only.
import type { LoadOptions, LoadResult, Shape } from './load.ts'

export interface Line {
  readonly title: string
  readonly unit: string
  /** The number of this line, or undefined where the result has none. */
  readonly read: (result: LoadResult) => number | undefined
  /** More is better: the rate that was taken. */
  readonly isRate?: true
  /** The most that ours may be, as a share of the best peer's. */
  readonly goal?: number
  /** The most that ours may be, as a share of the floor's. */
  readonly floorGoal?: number
  /** The most that ours may be by itself. */
  readonly most?: number
}

export interface Run extends LoadOptions {
  readonly title: string
  /** The scenario whose result is read, and its lines. */
  readonly lines: readonly (Line & { readonly scenario: string; readonly kind?: string })[]
  /** In `--quick` too. */
  readonly isQuick?: true
}

const shape = (clusters: number, streams: number, connections = Math.min(50, streams)): Shape => ({
  ...{ clusters, streams, connections },
})

const us: Line = { title: 'CPU per stream and change', unit: 'µs', read: (r) => r.server_cpu_us_per_stream_change }
const p99: Line = { title: 'p99 of all streams', unit: 'ms', read: (r) => r.latency_ms?.p99 }
const last: Line = { title: 'time to the last', unit: 'ms', read: (r) => r.last_stream_ms?.p50 }
const bytes: Line = { title: 'bytes per stream and change', unit: 'B', read: (r) => r.bytes_per_stream_change }
const excess: Line = {
  ...{ title: 'resources sent per resource changed', unit: '', most: 1.05 },
  read: (r) => r.resources_per_stream_change,
}
const untaken: Line = { title: 'changes not taken', unit: '', read: (r) => r.unsent_changes, most: 0 }
const rate: Line = { title: 'changes taken', unit: '/s', read: (r) => r.achieved_rate, isRate: true }
const connectCpu: Line = { title: 'CPU per stream', unit: 'ms', read: (r) => r.server_cpu_ms_per_stream }
const connectLast: Line = { title: 'time to the last', unit: 'ms', read: (r) => r.sync_ms?.max }
const stormLast: Line = { title: 'time to the last', unit: 'ms', read: (r) => r.last_response_ms?.max }
const resent: Line = { title: 're-sent though unchanged', unit: '', read: (r) => r.resent_unchanged }

const endpoint = (goals: readonly [cpu?: number, p99?: number, last?: number], floorGoal?: number) => [
  {
    ...us,
    scenario: 'fanout',
    kind: 'endpoint',
    ...(goals[0] ? { goal: goals[0] } : {}),
    ...(floorGoal ? { floorGoal } : {}),
  },
  { ...p99, scenario: 'fanout', kind: 'endpoint', ...(goals[1] ? { goal: goals[1] } : {}) },
  { ...last, scenario: 'fanout', kind: 'endpoint', ...(goals[2] ? { goal: goals[2] } : {}) },
  { ...bytes, scenario: 'fanout', kind: 'endpoint' },
  { ...excess, scenario: 'fanout', kind: 'endpoint' },
]
const connect = [
  { ...connectCpu, scenario: 'connect', goal: 1 },
  { ...connectLast, scenario: 'connect', goal: 1 },
]
const churn = (goal?: number) => [
  { ...rate, scenario: 'churn' },
  { ...untaken, scenario: 'churn' },
  { ...p99, scenario: 'churn', ...(goal ? { goal } : {}) },
  { ...us, scenario: 'churn' },
]
const storm = [
  { ...stormLast, scenario: 'storm', goal: 1 },
  { ...resent, scenario: 'storm' },
]

/** What every server has to tell after a storm, so that the time to the last is one of something sent. */
const stormChange = ['-storm-change']
const at200 = ['-rates', '200', '-duration', '15s', ...stormChange]

/** In this order, each against every server in turn. */
export const RUNS: readonly Run[] = [
  {
    ...{
      title: '100:1,000 on 50',
      shape: shape(100, 1_000),
      variant: 'delta',
      scenarios: 'connect,fanout,churn,storm',
    },
    ...{ flags: at200, lines: [...connect, ...endpoint([0.3, 0.8, 0.7], 2), ...churn(0.6), ...storm], isQuick: true },
  },
  {
    ...{ title: '100:1,000 on 50', shape: shape(100, 1_000), variant: 'sotw', scenarios: 'connect,fanout,churn,storm' },
    ...{ flags: at200, lines: [...connect, ...endpoint([0.3, 0.8, 0.7], 2), ...churn(0.6), ...storm] },
  },
  {
    ...{
      title: '100:1,000 one each',
      shape: shape(100, 1_000, 0),
      variant: 'delta',
      scenarios: 'connect,fanout,storm',
    },
    ...{ flags: stormChange, lines: [...connect, ...endpoint([0.3, 0.8, 0.7], 1), ...storm], isQuick: true },
  },
  {
    ...{ title: '100:1,000 one each', shape: shape(100, 1_000, 0), variant: 'sotw', scenarios: 'connect,fanout' },
    ...{ lines: [...connect, ...endpoint([0.3, 0.8, 0.7], 1)] },
  },
  {
    ...{ title: '1,000:200', shape: shape(1_000, 200), variant: 'delta', scenarios: 'connect,fanout,churn' },
    ...{ flags: at200, lines: [...connect, ...endpoint([0.1]), ...churn(0.15)], isQuick: true },
  },
  {
    ...{ title: '1,000:200', shape: shape(1_000, 200), variant: 'sotw', scenarios: 'connect,fanout' },
    ...{ lines: [...connect, ...endpoint([0.1])] },
  },
  {
    ...{ title: '10,000:5', shape: shape(10_000, 5, 5), variant: 'delta', scenarios: 'connect,fanout' },
    ...{ lines: [...connect, ...endpoint([0.08])], isQuick: true },
  },
  {
    ...{ title: '10,000:500', shape: shape(10_000, 500), variant: 'delta', scenarios: 'fanout' },
    ...{ flags: ['-timeout', '150s'], lines: endpoint([0.1]) },
  },
  {
    ...{ title: '100:100', shape: shape(100, 100), variant: 'delta', scenarios: 'fanout,churn' },
    ...{ flags: at200, lines: [...endpoint([]), ...churn()] },
  },
  {
    ...{ title: '100:4,000', shape: shape(100, 4_000), variant: 'delta', scenarios: 'connect,fanout,storm' },
    ...{ flags: stormChange, lines: [...connect, ...endpoint([0.3, 0.8, 0.7]), ...storm] },
  },
  {
    ...{ title: '100:1,000 cluster', shape: shape(100, 1_000), variant: 'delta', scenarios: 'fanout' },
    ...{
      flags: ['-kind', 'cluster'],
      lines: [us, p99, bytes].map((l) => ({ ...l, scenario: 'fanout', kind: 'cluster' })),
    },
  },
  {
    ...{ title: '100:1,000 route', shape: shape(100, 1_000), variant: 'delta', scenarios: 'fanout' },
    ...{ flags: ['-kind', 'route'], lines: [us, p99, bytes].map((l) => ({ ...l, scenario: 'fanout', kind: 'route' })) },
  },
]

/** Memory: resident size at twice the streams and connections less that at these, a stream, both in one process. */
export const MEMORY: readonly {
  readonly title: string
  readonly shape: Shape
  readonly goal: number
}[] = [
  { title: '100:1,000', shape: shape(100, 1_000), goal: 0.3 },
  { title: '1,000:200', shape: shape(1_000, 200), goal: 0.2 },
  { title: '10,000:50', shape: shape(10_000, 50), goal: 0.05 },
]
