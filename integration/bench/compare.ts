// Runs the plan: every server in turn, so many times, and collects the rows of the table. Prints as it goes.
import type { Peers } from './build-peers.ts'
import { type Contender, type ContenderName, startContender } from './contender.ts'
import { isSound, type LoadResult, runLoad } from './load.ts'
import { OWN_LINES } from './own-lines.ts'
import { type Line, MEMORY, RUNS, type Run } from './plan.ts'
import type { Row } from './table.ts'

export interface CompareOptions {
  readonly peers: Peers
  readonly isQuick: boolean
  readonly repetitions: number
  /** performance.now() after which no run is begun: `--quick` keeps its time. */
  readonly deadlineMs: number
  /** Only runs whose title and variant hold this text. */
  readonly only?: string
  readonly say: (line: string) => void
  /** Aborted: what was measured so far is the result. */
  readonly signal: AbortSignal
}

interface MutableRow extends Row {
  readonly unsound: ContenderName[]
  add(name: ContenderName, value: number): void
}

export async function compare(options: CompareOptions): Promise<Row[]> {
  const { isQuick, only = '', repetitions } = options
  const isWanted = (title: string, quick: true | undefined): boolean =>
    (!isQuick || quick === true) && title.includes(only)
  const runs = RUNS.filter((run) => isWanted(`${run.title} ${run.variant}`, run.isQuick))
  const memory = MEMORY.filter(({ title }) => isWanted(`memory ${title}`, undefined))
  const own = OWN_LINES.filter(({ title, isQuick: quick }) => isWanted(title, quick))
  const rows = new Map<string, MutableRow>()
  const isOver = (): boolean => options.signal.aborted || performance.now() > options.deadlineMs
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    for (const run of runs) {
      options.say(`${repetition}/${repetitions}: ${run.title} ${run.variant} ${run.scenarios}`)
      for (const name of contendersOf(run, options.peers)) {
        if (isOver()) return [...rows.values()]
        await measure(name, run, rows, options)
      }
    }
    for (const { title, measure } of own) {
      options.say(`${repetition}/${repetitions}: ${title}`)
      if (isOver()) return [...rows.values()]
      for (const value of await measure(options).catch((error: unknown) => failed(options.say, title, error))) {
        rowOf(rows, title, value.line, value).add('ours', value.value)
      }
    }
    for (const line of memory) {
      options.say(`${repetition}/${repetitions}: memory ${line.title}`)
      for (const name of contenders(options.peers)) {
        if (isOver()) return [...rows.values()]
        await measureMemory(name, line, rows, options)
      }
    }
  }
  return [...rows.values()]
}

const contenders = (peers: Peers): ContenderName[] => [
  ...(['ours', 'mux', 'snapshot'] as const),
  ...(peers.javaClassPath === undefined ? [] : (['java'] as const)),
]

/** The floor speaks state of the world and changes endpoints only. Its numbers stand beside delta's too. */
const contendersOf = (run: Run, peers: Peers): ContenderName[] => [
  ...contenders(peers),
  ...(run.lines.some(({ kind }) => kind === 'endpoint') ? (['floor'] as const) : []),
]

async function measure(
  name: ContenderName,
  run: Run,
  rows: Map<string, MutableRow>,
  { peers, say, isQuick }: CompareOptions,
): Promise<void> {
  const isFloor = name === 'floor'
  const quick = isQuick ? ['-duration', '5s', '-quiet', '500ms', '-settle', '50ms'] : []
  try {
    await using server = await startWarm(name, run, peers, isQuick ? '3s' : '6s')
    const results = await runLoad(peers.xdsload, server, {
      ...run,
      variant: isFloor ? 'sotw' : run.variant,
      scenarios: isFloor ? 'connect,fanout' : run.scenarios,
      flags: isFloor ? quick : [...(run.flags ?? []), ...quick],
    })
    for (const result of results) take(name, run, result, rows)
  } catch (error) {
    say(`  ${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** The JVM compiles its hot paths first. */
async function startWarm(name: ContenderName, run: Run, peers: Peers, duration: string): Promise<Contender> {
  const server = await startContender(name, peers)
  if (name === 'java') {
    const shape = { clusters: 100, streams: 200, connections: 20 }
    const flags = ['-rates', '100', '-duration', duration, '-quiet', '300ms']
    await runLoad(peers.xdsload, server, { shape, variant: run.variant, scenarios: 'churn,storm', flags })
  }
  return server
}

function take(name: ContenderName, run: Run, result: LoadResult, rows: Map<string, MutableRow>): void {
  for (const line of run.lines) {
    if (line.scenario !== result.scenario || (line.kind !== undefined && line.kind !== result.kind)) continue
    const title = `${line.scenario}${line.kind ? ` ${line.kind}` : ''}: ${line.title}`
    const row = rowOf(rows, `${run.title} ${run.variant}`, title, line)
    const value = line.read(result)
    if (value !== undefined) row.add(name, value)
    judge(name, result, row)
  }
}

function judge(name: ContenderName, result: LoadResult, row: MutableRow): void {
  if (!isSound(result) && name !== 'floor' && !row.unsound.includes(name)) row.unsound.push(name)
}

async function measureMemory(
  name: ContenderName,
  { title, shape, goal }: (typeof MEMORY)[number],
  rows: Map<string, MutableRow>,
  { peers, say }: CompareOptions,
): Promise<void> {
  const { streams, connections } = shape
  const options = {
    shape: { ...shape, streams: 2 * streams, connections: 2 * connections },
    ...({ variant: 'delta', scenarios: 'memory' } as const),
  }
  try {
    await using server = await startContender(name, peers)
    const [result] = await runLoad(peers.xdsload, server, options)
    const row = rowOf(rows, `${title} delta`, 'memory a stream', { unit: 'KiB', goal })
    if (result?.server_rss_per_stream !== undefined) row.add(name, result.server_rss_per_stream / 1024)
    if (result) judge(name, result, row)
  } catch (error) {
    say(`  ${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function failed(say: CompareOptions['say'], title: string, error: unknown): readonly [] {
  say(`  ${title}: ${error instanceof Error ? error.message : String(error)}`)
  return []
}

function rowOf(
  rows: Map<string, MutableRow>,
  run: string,
  line: string,
  { unit, isRate, goal, floorGoal, most }: Pick<Line, 'unit' | 'isRate' | 'goal' | 'floorGoal' | 'most'>,
): MutableRow {
  const key = `${run}\n${line}`
  const known = rows.get(key)
  if (known) return known
  const values = new Map<ContenderName, number[]>()
  const row: MutableRow = {
    ...{ run, line, unit, isRate: isRate ?? false, goal, floorGoal, most, values, unsound: [] },
    add: (name, value) => void values.set(name, [...(values.get(name) ?? []), value]),
  }
  rows.set(key, row)
  return row
}
