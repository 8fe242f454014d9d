// Runs the plan: every server in turn, so many times, and collects the rows of the table. Prints as it goes.
import type { Peers } from './build-peers.ts'
import { type Contender, type ContenderName, startContender } from './contender.ts'
import { isSound, type LoadResult, runLoad } from './load.ts'
import { MEMORY, RUNS, type Run } from './plan.ts'
import type { Row } from './table.ts'

export interface CompareOptions {
  readonly peers: Peers
  readonly isQuick: boolean
  readonly repetitions: number
  /** Only runs whose title and variant hold this text. */
  readonly only?: string
  readonly say: (line: string) => void
  /** Aborted: what was measured so far is the result. */
  readonly signal: AbortSignal
}

interface MutableRow extends Row {
  readonly values: Map<ContenderName, number[]>
  readonly unsound: ContenderName[]
}

export async function compare(options: CompareOptions): Promise<Row[]> {
  const { isQuick, only = '', repetitions } = options
  const isWanted = (title: string, quick: true | undefined): boolean =>
    (!isQuick || quick === true) && title.includes(only)
  const runs = RUNS.filter((run) => isWanted(`${run.title} ${run.variant}`, run.isQuick))
  const memory = MEMORY.filter(({ title, isQuick: quick }) => isWanted(`memory ${title}`, quick))
  const rows = new Map<string, MutableRow>()
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    for (const run of runs) {
      options.say(`${repetition}/${repetitions}: ${run.title} ${run.variant} ${run.scenarios}`)
      for (const name of contendersOf(run, options.peers)) {
        if (options.signal.aborted) return [...rows.values()]
        await measure(name, run, rows, options)
      }
    }
    for (const line of memory) {
      options.say(`${repetition}/${repetitions}: memory ${line.title}`)
      for (const name of contenders(options.peers)) {
        if (options.signal.aborted) return [...rows.values()]
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
  const quick = isQuick ? ['-duration', '5s'] : []
  try {
    await using server = await startWarm(name, run, peers)
    const results = await runLoad(peers.xdsload, server, {
      ...run,
      variant: isFloor ? 'sotw' : run.variant,
      scenarios: isFloor ? 'connect,fanout' : run.scenarios,
      flags: isFloor ? [] : [...(run.flags ?? []), ...quick],
    })
    for (const result of results) take(name, run, result, rows)
  } catch (error) {
    say(`  ${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** The JVM compiles its hot paths first. */
async function startWarm(name: ContenderName, run: Run, peers: Peers): Promise<Contender> {
  const server = await startContender(name, peers)
  if (name === 'java') {
    const shape = { clusters: 100, streams: 200, connections: 20 }
    const flags = ['-rates', '100', '-duration', '6s', '-quiet', '300ms']
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
    if (value !== undefined) row.values.set(name, [...(row.values.get(name) ?? []), value])
    if (!isSound(result) && name !== 'floor' && !row.unsound.includes(name)) row.unsound.push(name)
  }
}

async function measureMemory(
  name: ContenderName,
  { title, shape, goal }: (typeof MEMORY)[number],
  rows: Map<string, MutableRow>,
  { peers, say }: CompareOptions,
): Promise<void> {
  const residentAt = async (streams: number): Promise<number> => {
    await using server = await startContender(name, peers)
    const options = { shape: { ...shape, streams }, variant: 'delta' as const, scenarios: 'connect' }
    const [result] = await runLoad(peers.xdsload, server, options)
    return result?.server_rss_after ?? Number.NaN
  }
  try {
    const once = await residentAt(shape.streams)
    const twice = await residentAt(2 * shape.streams)
    const line = { unit: 'KiB', goal }
    const row = rowOf(rows, `${title} delta`, 'memory a stream', line)
    row.values.set(name, [...(row.values.get(name) ?? []), (twice - once) / shape.streams / 1024])
  } catch (error) {
    say(`  ${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function rowOf(
  rows: Map<string, MutableRow>,
  run: string,
  line: string,
  { unit, isRate, goal, floorGoal }: { unit: string; isRate?: true; goal?: number; floorGoal?: number },
): MutableRow {
  const key = `${run}\n${line}`
  const row = rows.get(key) ?? {
    ...{ run, line, unit, isRate: isRate ?? false, goal, floorGoal },
    ...{ values: new Map<ContenderName, number[]>(), unsound: [] },
  }
  rows.set(key, row)
  return row
}
