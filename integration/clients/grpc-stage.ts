// What a gRPC application is tested against: the example of deploy/examples/grpc served by `fleetcast up` behind an address
// that can be led to another process, and three upstreams that answer with their own address.
import { connect, createServer, type Server, type Socket } from 'node:net'
import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js'
import { copyExample } from '../harness/example.ts'
import { type Fleetcast, fleetcast } from '../harness/fleetcast.ts'
import { freePort } from '../harness/free-port.ts'
import type { TempFolder } from '../harness/temp-folder.ts'
import { WHERE } from './grpc-js/where.ts'

export interface Stage extends AsyncDisposable {
  readonly folder: TempFolder
  /** Upstreams of `echo`, of `echo-next`, and one more. */
  readonly hosts: readonly [first: string, second: string, third: string]
  readonly upstreamPort: number
  /** Where applications ask: the process that `lead` named last. */
  readonly server: string
  readonly edges: readonly [Edge, Edge]
  lead(to: Edge): void
}

/** `fleetcast up` on a port of its own, which stays over a restart. */
export interface Edge {
  readonly process: () => Fleetcast
  readonly listen: string
  /** Resolves once it is ready. */
  start(): Promise<void>
}

export async function openStage(): Promise<Stage> {
  const parts = new AsyncDisposableStack()
  const hosts = ['127.67.0.1', '127.67.0.2', '127.67.0.3'] as const
  const upstreamPort = await freePort(hosts[0])
  for (const host of hosts) parts.use(await startUpstream(host, upstreamPort))
  const folder = parts.use(
    copyExample('grpc', [
      ['50061', `${upstreamPort}`],
      ['50062', `${upstreamPort}`],
      ['127.0.0.1', hosts[0]],
      ['127.0.0.2', hosts[1]],
    ]),
  )
  const edges = [await edgeOf(folder), await edgeOf(folder)] as const
  for (const edge of edges) parts.defer(async () => void (await edge.process().stop()))
  await edges[0].start()
  const relay = parts.use(await startRelay(edges[0].listen))
  return {
    folder,
    hosts,
    upstreamPort,
    server: relay.listen,
    edges,
    lead: ({ listen }) => relay.lead(listen),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

async function edgeOf({ path }: TempFolder): Promise<Edge> {
  const [listen, admin] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`]
  let process: Fleetcast | undefined
  const running = (): Fleetcast => {
    process ??= fleetcast(['up', path, '--listen', listen], { admin })
    return process
  }
  return {
    process: running,
    listen,
    start: async () => {
      if (process && !process.isRunning()) process = undefined
      await running().ready()
    },
  }
}

async function startUpstream(host: string, port: number): Promise<AsyncDisposable> {
  const server = new GrpcServer()
  server.addService(WHERE, { ask: (_: unknown, callback: (error: null, from: string) => void) => callback(null, host) })
  await new Promise<void>((resolve, reject) => {
    const bound = (error: Error | null): void => (error ? reject(error) : resolve())
    server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), bound)
  })
  return { [Symbol.asyncDispose]: async () => server.forceShutdown() }
}

interface Relay extends AsyncDisposable {
  readonly listen: string
  /** Ends every connection: the next ones lead to the other place. */
  lead(to: string): void
}

async function startRelay(first: string): Promise<Relay> {
  let to = first
  const open = new Set<Socket>()
  const keep = (socket: Socket): Socket => {
    open.add(socket)
    // A connection that breaks is what the tests are about.
    return socket.once('close', () => open.delete(socket)).on('error', () => undefined)
  }
  const server: Server = createServer((socket) => {
    const [host, port] = to.split(':')
    const onward = keep(connect(Number(port), host))
    keep(socket).pipe(onward).pipe(socket)
    socket.once('close', () => onward.destroy())
    onward.once('close', () => socket.destroy())
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const drop = (): void => {
    for (const socket of open) socket.destroy()
  }
  return {
    listen: `127.0.0.1:${port}`,
    lead: (next) => {
      to = next
      drop()
    },
    [Symbol.asyncDispose]: async () => {
      server.close()
      drop()
    },
  }
}
