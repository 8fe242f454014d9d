// A gRPC application as a process of the test (grpc-js/peer.ts, go/main.go): what it is told, and what its calls answered.
import { grpcBootstrap } from 'fleetcast/grpc-bootstrap'
import { type Child, startChild } from '../harness/child.ts'
import { waitFor } from '../harness/wait-for.ts'

export interface Peer extends AsyncDisposable {
  readonly child: Child
  /** Calls the target about a hundred times a second, until told otherwise. */
  follow(target: string): void
  leave(target: string): void
  /** An xDS server at the address, which answers with it. Resolves once it serves. */
  serve(address: string): Promise<void>
  /** What the calls of a target answered so far, in order: an upstream, or `error: …`. */
  answers(target: string): readonly string[]
  /** Resolves once as many new answers came as can tell, all of them from these and from each of these. */
  answeredBy(target: string, expected: readonly string[]): Promise<void>
}

export interface PeerOptions {
  readonly command: string
  readonly args: readonly string[]
  /** host:port of the management server. */
  readonly server: string
  readonly node: { readonly id: string; readonly cluster: string }
}

const NEW_ANSWERS = 12

interface Event {
  readonly target?: string
  readonly from?: string
  readonly error?: string
  readonly serves?: string
  readonly mode?: string
}

export function startPeer({ command, args, server, node }: PeerOptions): Peer {
  const [host = '', port] = server.split(':')
  const bootstrap = grpcBootstrap({ fleet: node.cluster, nodeId: node.id, edge: { host, port: Number(port) } })
  const environment = { GRPC_XDS_BOOTSTRAP_CONFIG: JSON.stringify(bootstrap) }
  const child = startChild({ command, args, environment, listens: true })
  const targets = new Map<string, string[]>()
  const modes = new Map<string, string>()
  let read = 0
  const take = ({ target, from, error, serves, mode }: Event): void => {
    const told = error === undefined ? (from ?? mode ?? '') : `error: ${error}`
    if (serves !== undefined) modes.set(serves, told)
    if (target !== undefined) targets.set(target, [...(targets.get(target) ?? []), told])
  }
  /** Reads the whole lines that are new. */
  const catchUp = (): void => {
    const fresh = child.stdout().slice(read)
    const whole = fresh.slice(0, fresh.lastIndexOf('\n') + 1)
    read += whole.length
    for (const line of whole.split('\n')) if (line !== '') take(JSON.parse(line) as Event)
  }
  const answers = (target: string): readonly string[] => {
    catchUp()
    return targets.get(target) ?? []
  }
  return {
    child,
    answers,
    follow: (target) => child.tell(`follow ${target}`),
    leave: (target) => child.tell(`leave ${target}`),
    serve: async (address) => {
      child.tell(`serve ${address}`)
      await waitFor(`${address} to serve`, () => {
        catchUp()
        const mode = modes.get(address)
        if (mode !== 'serving') throw new Error(`it says ${mode}: ${child.stderr().slice(-2_000)}`)
        return true
      })
    },
    answeredBy: async (target, expected) => {
      const from = answers(target).length
      await waitFor(
        `${target} to be answered by ${expected.join(', ')}`,
        () => {
          if (!child.isRunning()) throw new Error(`it ended: ${child.stderr().slice(-2_000)}`)
          const fresh = answers(target).slice(from).slice(-NEW_ANSWERS)
          const others = new Set(fresh).symmetricDifference(new Set(expected))
          if (fresh.length < NEW_ANSWERS || others.size > 0)
            throw new Error(`${fresh.length} answers, the last: ${[...new Set(fresh)]}`)
          return true
        },
        { timeoutMs: 30_000 },
      )
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  }
}
