// The servers that are measured, each started fresh in processes of its own: ours as `serve` runs it, the peers, the floor.
import { join } from 'node:path'
import { execPath } from 'node:process'
import { type Child, startChild } from '../harness/child.ts'
import { freePort } from '../harness/free-port.ts'
import { waitFor } from '../harness/wait-for.ts'
import type { Peers } from './build-peers.ts'

export type ContenderName = 'ours' | 'mux' | 'snapshot' | 'java' | 'floor'

export interface Contender extends AsyncDisposable {
  readonly name: ContenderName
  readonly address: string
  readonly control: string
  /** Comma separated. */
  readonly pids: string
  readonly child: Child
}

/** More arguments of `serve` and of Node, for ours. */
export async function startContender(
  name: ContenderName,
  peers: Peers,
  serveArgs: readonly string[] = [],
  nodeArgs: readonly string[] = [],
): Promise<Contender> {
  const address = `127.0.0.1:${await freePort()}`
  const control = `127.0.0.1:${await freePort()}`
  const child = startChild(
    name === 'ours' ? commandOfOurs(address, control, serveArgs, nodeArgs) : commandOf(name, peers, address, control),
  )
  const pids = name === 'ours' ? (await child.line(/^pids: (\S+)/, 30_000))[1] : String(child.pid)
  const url = `http://${control}`
  await waitFor(`${name} to answer`, async () => {
    if (!child.isRunning()) throw new Error(child.stderr().slice(-2_000))
    return (await fetch(`${url}/digest`)).status > 0
  })
  return {
    name,
    address,
    control: url,
    pids: pids ?? '',
    child,
    [Symbol.asyncDispose]: async () => {
      await child.stop(5_000)
    },
  }
}

interface Command {
  readonly command: string
  readonly args: readonly string[]
}

function commandOfOurs(
  address: string,
  control: string,
  serveArgs: readonly string[],
  nodeArgs: readonly string[],
): Command {
  const serve = [join(import.meta.dirname, 'main.ts'), 'serve', '--listen', address, '--control', control]
  return { command: execPath, args: [...nodeArgs, ...serve, ...serveArgs] }
}

function commandOf(name: Exclude<ContenderName, 'ours'>, peers: Peers, address: string, control: string): Command {
  const flags = ['-addr', address, '-control', control]
  switch (name) {
    case 'mux':
    case 'snapshot':
      return { command: peers.peerGo, args: ['-cache', name, ...flags] }
    case 'floor':
      return { command: peers.floor, args: flags }
    case 'java': {
      const ports = [address, control].map((text) => text.split(':')[1] ?? '')
      const options = ['-Xmx4g', '-Dsun.net.httpserver.nodelay=true', '-cp', peers.javaClassPath ?? '']
      return { command: 'java', args: [...options, 'bench.Main', ...ports] }
    }
  }
}
