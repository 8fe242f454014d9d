// `npm run bench -- profile`: where the time goes. Ours under the load of the first line (100:1,000 on 50, delta), endpoint changes
// one after another; prints the shares and writes a flame graph.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tempFolder } from '../harness/temp-folder.ts'
import { buildPeers } from './build-peers.ts'
import { startContender } from './contender.ts'
import { type CpuProfile, flameGraph, sharesOf } from './flame-graph.ts'
import { runLoad } from './load.ts'

const CHANGES = 200

export async function profile(svg: string, say: (line: string) => void): Promise<void> {
  const peers = buildPeers(say)
  using folder = tempFolder()
  const endUs = await load(peers, folder.path)
  const [file] = readdirSync(folder.path)
  if (file === undefined) throw new Error('the server wrote no profile')
  const found = JSON.parse(readFileSync(join(folder.path, file), 'utf8')) as CpuProfile
  const fromUs = found.endTime - found.startTime - endUs
  for (const [part, share] of sharesOf(found, fromUs)) say(`${(100 * share).toFixed(1).padStart(5)} %  ${part}`)
  writeFileSync(
    svg,
    flameGraph(found, fromUs, `one process, 100 clusters, 1,000 streams on 50 connections, ${CHANGES} changes`),
  )
  say(`written: ${svg}`)
}

/** How long before its end the server had nothing to do any more but the changes, in µs. */
async function load(peers: ReturnType<typeof buildPeers>, folder: string): Promise<number> {
  const shape = { clusters: 100, streams: 1_000, connections: 50 }
  await using server = await startContender('ours', peers, [], ['--cpu-prof', '--cpu-prof-dir', folder])
  await runLoad(peers.xdsload, server, { shape, variant: 'delta', scenarios: 'connect' })
  const startedAt = performance.now()
  const flags = ['-changes', String(CHANGES), '-settle', '10ms']
  await runLoad(peers.xdsload, server, { shape, variant: 'delta', scenarios: 'fanout', flags })
  await server.child.stop(20_000)
  return (performance.now() - startedAt) * 1_000
}
