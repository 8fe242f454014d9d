// `npm run bench -- bad-clients`: how long a good client waits for a change beside each bad client and beside another good one, in turns
// within one run, and what the server holds before and after. Goal: the p99 at most doubles, memory comes back to within a tenth.
import { setTimeout as pause } from 'node:timers/promises'
import { waitFor } from '../../harness/wait-for.ts'
import { createXdsClient, type XdsClient } from '../../harness/xds-client.ts'
import { endpointsOf, TYPES } from '../../harness/xds-content.ts'
import { NODE_CLUSTER } from '../bench-world.ts'
import { type Columns, formatColumns } from '../figures.ts'
import { cpuMsOf } from '../process-use.ts'
import { GOOD, MISBEHAVIOURS } from './misbehaviours.ts'
import { type ServerProcess, startBad, startServer } from './server-process.ts'

export interface BadClientsOptions {
  readonly isQuick: boolean
  /** Part of the name of a bad client. */
  readonly only: string
  readonly say: (line: string) => void
}

const CLUSTERS = 100
const PER_SECOND = 50
/** As many changes as a history remembers: from then on a change costs no memory. */
const REMEMBERED = 4200
const MIB = 1024 * 1024

export async function badClients({ isQuick, only, say }: BadClientsOptions, signal: AbortSignal): Promise<void> {
  const rounds = isQuick ? 3 : 5
  const seconds = isQuick ? 3 : 6
  const rows: Columns[] = []
  const wanted = MISBEHAVIOURS.filter(({ name }) => name.includes(only))
  for (const { name } of wanted) {
    if (signal.aborted) return
    say(`${name}: ${rounds} rounds of ${seconds} s beside a good client and beside it, ${PER_SECOND} changes a second`)
    const row = await measure(name, rounds, seconds * PER_SECOND)
    rows.push(row)
    say(formatColumns([row]))
  }
  say(`\n${formatColumns(rows)}`)
}

async function measure(name: string, rounds: number, changes: number): Promise<Columns> {
  await using server = await startServer()
  using good = createXdsClient({
    server: server.listen,
    variant: 'delta',
    node: { id: 'good', cluster: NODE_CLUSTER },
  })
  await good.until('the whole world', () => good.held(TYPES.endpoints).size === CLUSTERS)
  const meter = createMeter(server, good)
  // Code that is hot, and a memory of changes that is full, belong to before.
  await meter.change(REMEMBERED, 500)
  await withBad(server, name, () => meter.change(changes))
  const before = await server.heldBytes()
  const quiet: number[][] = []
  const loaded: number[][] = []
  const cpu = { quiet: 0, loaded: 0 }
  const measured = async (to: 'quiet' | 'loaded'): Promise<number[]> => {
    const startedAt = cpuMsOf(server.pid)
    const took = await meter.change(changes)
    cpu[to] += (cpuMsOf(server.pid) - startedAt) / rounds / (changes / PER_SECOND) / 10
    return took
  }
  for (let round = 0; round < rounds; round++) {
    await withBad(server, GOOD.name, async () => void quiet.push(await measured('quiet')))
    await withBad(server, name, async () => void loaded.push(await measured('loaded')))
  }
  const after = await server.heldBytes()
  const [calm, busy] = [median(quiet.map(p99)), median(loaded.map(p99))]
  return {
    'bad client': name,
    ...{ 'p50 ms good': p50(quiet.flat()), 'p50 ms bad': p50(loaded.flat()) },
    ...{ 'p99 ms good': calm, 'p99 ms bad': busy, ratio: busy / calm, goal: '2' },
    ...{ 'CPU % good': cpu.quiet, 'CPU % bad': cpu.loaded },
    ...{ 'MiB before': before / MIB, 'MiB after': after / MIB, 'memory ratio': after / before },
  }
}

async function withBad(server: ServerProcess, name: string, during: () => Promise<unknown>): Promise<void> {
  await using bad = startBad(name, server.listen)
  await waitFor(`${name} to be connected`, async () => (await server.counts()).streams > 1)
  await during()
  await bad.stop()
  await waitFor('its streams to be gone', async () => (await server.counts()).streams === 1, { timeoutMs: 30_000 })
}

interface Meter {
  /** Milliseconds from each change until the good client had it. */
  change(count: number, perSecond?: number): Promise<number[]>
}

/** Each change names itself by an endpoint of its own, in another cluster than the changes around it. */
function createMeter(server: ServerProcess, good: XdsClient): Meter {
  let seq = 0
  let read = 0
  const sentAt = new Map<string, number>()
  const readArrivals = (took: number[]): void => {
    for (; read < good.arrivals.length; read++) {
      const { type = '', resources = [], atMs = 0 } = good.arrivals[read] ?? {}
      if (type !== TYPES.endpoints) continue
      for (const { bytes } of resources) {
        const marker = endpointsOf(bytes).find(({ address }) => address.startsWith('10.250.'))?.address ?? ''
        const at = sentAt.get(marker)
        sentAt.delete(marker)
        if (at !== undefined) took.push(atMs - at)
      }
    }
  }
  return {
    async change(count, perSecond = PER_SECOND) {
      const took: number[] = []
      const began = performance.now()
      for (let i = 0; i < count; i++) {
        await pause(Math.max(0, began + (i * 1000) / perSecond - performance.now()))
        // The marker has 16 bits: the last use of a number is long over.
        seq = (seq + 1) & 0xffff
        sentAt.set(`10.250.${seq >> 8}.${seq & 255}:8080`, performance.now())
        server.change(seq, seq % CLUSTERS)
      }
      const [last = ''] = [...sentAt.keys()].slice(-1)
      const isOver = (): boolean => {
        readArrivals(took)
        return !sentAt.has(last)
      }
      await good.until('the last change', isOver, 60_000)
      // Changes of one cluster that come fast are one response: the earlier ones have no arrival of their own.
      sentAt.clear()
      return took
    },
  }
}

const at = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))] ?? Number.NaN
const p50 = (values: readonly number[]): number => at(values, 0.5)
const p99 = (values: readonly number[]): number => at(values, 0.99)
const median = p50
