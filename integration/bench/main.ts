// The benchmarks. `serve` only serves; without a word everything is built, measured in turn and shown in one table.
import { parseArgs } from 'node:util'
import { type Address, parseAddress } from '@fleetcast/shared/runtime/address'
import { serve } from './serve.ts'

const USAGE = `usage: npm run bench -- [--quick] [--times N] [--only TEXT]
       npm run bench -- serve --listen ADDR --control ADDR [--redis URL] [--workers N]`

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

async function main(args: readonly string[]): Promise<void> {
  const [verb, ...rest] = args
  if (verb === 'serve') return serve(readServeOptions(rest), stop.signal)
  throw new WrongUsage('soon')
}

function readServeOptions(args: readonly string[]) {
  const text = { type: 'string' } as const
  const { listen, control, redis, workers } = readFlags(args, {
    ...{ listen: text, control: text, redis: text, workers: { ...text, default: '1' } },
  })
  const count = Number(workers)
  if (!Number.isInteger(count) || count < 1) throw new WrongUsage(`--workers ${workers}: a number from 1 on`)
  return {
    listen: readAddress('--listen', listen),
    control: readAddress('--control', control),
    workers: count,
    ...(redis === undefined ? {} : { redis }),
  }
}

function readFlags(
  args: readonly string[],
  options: NonNullable<Parameters<typeof parseArgs>[0]>['options'],
): Readonly<Record<string, string | undefined>> {
  try {
    return parseArgs({ args: [...args], options: options ?? {} }).values as Record<string, string | undefined>
  } catch (error) {
    throw new WrongUsage(error instanceof Error ? error.message : String(error))
  }
}

function readAddress(flag: string, text: string | undefined): Address {
  const address = text === undefined ? undefined : parseAddress(text)
  if (!address) throw new WrongUsage(`${flag} ${text ?? 'is missing'}: host:port`)
  return address
}
