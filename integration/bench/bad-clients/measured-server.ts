// The whole path in a process that tells what it holds: node measured-server.ts LISTEN. For tests and benchmarks only: its
// parent asks for a change, or for figures after a full collection.
import { parseAddress } from '@fleetcast/shared/runtime/address'
import { createBenchSource } from '../bench-source.ts'
import { type BenchChange, type BenchSize, changeWorld, resetWorld } from '../bench-world.ts'
import { collectGarbage } from '../collect-garbage.ts'
import { serveEmbedded } from '../serve-embedded.ts'
import { untilServed } from '../served.ts'
import type { Counts, Order } from './server-process.ts'

const [listen = ''] = process.argv.slice(2)
const address = parseAddress(listen)
if (!address) throw new Error(`no address: ${listen}`)
const size: BenchSize = { clusters: 100, endpoints: 10 }
const source = createBenchSource()
const plane = await serveEmbedded(source, address, new AbortController().signal)

async function heldBytes(): Promise<number> {
  // A second time for what finalizers let go of.
  for (let i = 0; i < 3; i++) {
    collectGarbage()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

async function counts(): Promise<Counts> {
  const text = await plane.metrics.registry.metrics()
  const sumOf = (name: string): number =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
  return {
    streams: sumOf('fleetcast_edge_streams'),
    responses: sumOf('fleetcast_edge_responses_total'),
  }
}

const change = (wanted: BenchChange): void => source.write(changeWorld(size, wanted))

process.on('disconnect', () => process.exit(0))
process.on('message', (order: Order) => {
  if (order.kind === 'change') change({ kind: 'endpoint', seq: order.seq, index: order.index })
  else void (order.kind === 'counts' ? counts() : heldBytes()).then((found) => process.send?.(found))
})
source.replace(resetWorld(size))
await untilServed(listen, size)
process.send?.('ready')
