// The benchmarks. `serve` only serves, `latency` measures from the API server on, `bad-clients` what clients that misbehave
// do to others, `bytes` what a stream holds, `profile` where the time goes; without a word ours and the peers are measured in
// turn and shown in one table.
import { appendFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Address, parseAddress } from '@fleetcast/shared/runtime/address'

const USAGE = `usage: npm run bench -- [--quick] [--times N] [--only TEXT] [--output FILE]
       npm run bench -- latency [--quick]
       npm run bench -- profile [--output FILE.svg]
       npm run bench -- bytes
       npm run bench -- bad-clients [--quick] [--only TEXT]
       npm run bench -- serve --listen ADDR --control ADDR [--redis URL] [--workers N]`

/** No run is begun later than this after the start of `--quick`. */
const QUICK_MS_MAX = 240_000

class WrongUsage extends Error {}

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
try {
  await main(process.argv.slice(2))
  process.exit(0)
} catch (error) {
  console.error(error instanceof WrongUsage ? `${error.message}\n${USAGE}` : error)
  process.exit(error instanceof WrongUsage ? 2 : 1)
}

/** What a verb does not need is not loaded: `serve` counts its own memory. */
async function main(args: readonly string[]): Promise<void> {
  const [verb = '', ...rest] = args
  if (verb === 'serve') return (await import('./serve.ts')).serve(readServeOptions(rest), stop.signal)
  if (verb === 'latency') {
    const { quick } = readFlags(rest, { quick: { type: 'boolean' } })
    return (await import('./latency/latency.ts')).latency(
      { isQuick: quick !== undefined, say: console.log },
      stop.signal,
    )
  }
  if (verb === 'bad-clients') {
    const { quick, only = '' } = readFlags(rest, { quick: { type: 'boolean' }, only: { type: 'string' } })
    const options = { isQuick: quick !== undefined, only, say: console.log }
    return (await import('./bad-clients/bad-clients.ts')).badClients(options, stop.signal)
  }
  if (verb === 'bytes') {
    readFlags(rest, {})
    return (await import('./bytes.ts')).bytes(console.log)
  }
  if (verb === 'profile') {
    const { output = 'flame-graph.svg' } = readFlags(rest, { output: { type: 'string' } })
    return (await import('./profile.ts')).profile(output, console.log)
  }
  if (verb !== '' && !verb.startsWith('-')) throw new WrongUsage(`there is no ${verb}`)
  return compareAll(args)
}

async function compareAll(args: readonly string[]): Promise<void> {
  const text = { type: 'string' } as const
  const flags = readFlags(args, { quick: { type: 'boolean' }, times: text, only: text, output: text })
  const isQuick = flags.quick !== undefined
  const repetitions = Number(flags.times ?? (isQuick ? 1 : 3))
  if (!Number.isInteger(repetitions) || repetitions < 1)
    throw new WrongUsage(`--times ${flags.times}: a number from 1 on`)
  const deadlineMs = isQuick ? performance.now() + QUICK_MS_MAX : Number.POSITIVE_INFINITY
  const { buildPeers } = await import('./build-peers.ts')
  const { compare } = await import('./compare.ts')
  const { formatTable } = await import('./table.ts')
  const peers = buildPeers(console.log)
  const only = flags.only === undefined ? {} : { only: flags.only }
  const rows = await compare({
    peers,
    isQuick,
    repetitions,
    deadlineMs,
    ...only,
    say: console.log,
    signal: stop.signal,
  })
  const table = formatTable(rows)
  console.log(`\n${table}`)
  if (flags.output !== undefined) appendFileSync(flags.output, `${table}\n`)
  if (isQuick || flags.only !== undefined || stop.signal.aborted) return
  console.log('\nfrom an API server write to the ACK')
  await (await import('./latency/latency.ts')).latency({ isQuick: true, say: console.log }, stop.signal)
}

function readServeOptions(args: readonly string[]) {
  const text = { type: 'string' } as const
  const { listen, control, redis, workers } = readFlags(args, {
    ...{ listen: text, control: text, redis: text, workers: text },
  })
  const count = Number(workers ?? 1)
  if (!Number.isInteger(count) || count < 1) throw new WrongUsage(`--workers ${workers}: a number from 1 on`)
  return {
    listen: readAddress('--listen', listen),
    control: readAddress('--control', control),
    ...(workers === undefined ? {} : { workers: count }),
    ...(redis === undefined ? {} : { redis }),
  }
}

function readFlags(
  args: readonly string[],
  options: Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>,
): Readonly<Record<string, string | undefined>> {
  try {
    const { values } = parseArgs({ args: [...args], options, allowPositionals: false })
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]))
  } catch (error) {
    throw new WrongUsage(error instanceof Error ? error.message : String(error))
  }
}

function readAddress(flag: string, text: string | undefined): Address {
  const address = text === undefined ? undefined : parseAddress(text)
  if (!address) throw new WrongUsage(`${flag} ${text ?? 'is missing'}: host:port`)
  return address
}
