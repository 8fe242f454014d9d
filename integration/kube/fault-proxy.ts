// Stands between a watcher and a real API server and does to their talk what networks and servers do: refuses, cuts, sends
// halves. Ends TLS, so that it sees requests and lines; without orders it changes nothing.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { type Dispatcher, request } from 'undici'
import type { Certificates } from './certificates.ts'

/** What to do with a request. `lines` is asked for each line of the answer as it passes. */
export type Fault =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly body: string
      readonly headers?: Record<string, string>
    }
  | { readonly kind: 'cut' }
  | { readonly kind: 'rewrite'; readonly path: string }
  | { readonly kind: 'lines'; readonly each: (line: string, index: number) => LineFault }
  /** Breaks off after so many bytes of the answer. */
  | { readonly kind: 'bytes'; readonly count: number }

/** `half` sends the beginning of the line and ends the answer as if it were complete. */
export type LineFault = 'pass' | 'drop' | 'cut' | 'half' | { readonly instead: string }

export interface Seen {
  readonly path: string
  readonly authorization: string | undefined
  readonly atMs: number
}

export interface FaultProxy extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Every request since the start, oldest first. */
  readonly seen: readonly Seen[]
  /** Decides each request's fate until it is set anew. */
  setFault(decide: (request: Seen) => Fault | undefined): void
  /** Cuts every connection. */
  cutAll(): void
  connections(): number
}

export interface FaultProxyOptions {
  readonly certificates: Certificates
  /** The API server behind it, and the connections to it, which carry the admin's certificate. */
  readonly server: string
  readonly dispatcher: Dispatcher
  readonly port?: number
}

export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { certificates, port: wanted = 0 } = options
  const seen: Seen[] = []
  const sockets = new Set<Socket>()
  let decide: (request: Seen) => Fault | undefined = () => undefined
  const proxy = createServer({ cert: certificates.cert, key: certificates.key }, (incoming, outgoing) => {
    const { authorization } = incoming.headers
    const entry = { path: incoming.url ?? '', authorization, atMs: performance.now() }
    seen.push(entry)
    handle(options, incoming, outgoing, decide(entry)).catch(() => outgoing.destroy())
  })
  proxy.on('secureConnection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
  })
  proxy.on('tlsClientError', () => {})
  const port = await listen(proxy, wanted)
  const cutAll = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `https://127.0.0.1:${port}`,
    port,
    seen,
    setFault(next) {
      decide = next
    },
    cutAll,
    connections: () => sockets.size,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => proxy.close(resolve))
      cutAll()
      await closed
    },
  }
}

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })

async function handle(
  { server, dispatcher }: FaultProxyOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  if (fault?.kind === 'cut') return void outgoing.destroy()
  if (fault?.kind === 'answer') {
    outgoing.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers })
    return void outgoing.end(fault.body)
  }
  const controller = new AbortController()
  outgoing.on('close', () => controller.abort())
  const body: Buffer[] = []
  for await (const chunk of incoming) body.push(chunk as Buffer)
  const type = incoming.headers['content-type']
  const answer = await request(server + (fault?.kind === 'rewrite' ? fault.path : (incoming.url ?? '')), {
    method: (incoming.method ?? 'GET') as Dispatcher.HttpMethod,
    dispatcher,
    signal: controller.signal,
    body: body.length === 0 ? null : Buffer.concat(body),
    headers: { accept: 'application/json', ...(type === undefined ? {} : { 'content-type': type }) },
    bodyTimeout: 0,
  })
  outgoing.writeHead(answer.statusCode, { 'content-type': 'application/json' })
  outgoing.flushHeaders()
  const write = (bytes: Uint8Array | string): void => void outgoing.write(bytes)
  if (fault?.kind === 'lines') await passLines(answer.body, fault.each, outgoing)
  else if (fault?.kind === 'bytes') await passBytes(answer.body, fault.count, outgoing)
  else for await (const chunk of answer.body) write(chunk as Uint8Array)
  outgoing.end()
}

async function passLines(
  body: AsyncIterable<unknown>,
  each: (line: string, index: number) => LineFault,
  outgoing: ServerResponse,
): Promise<void> {
  const text = new TextDecoder()
  let rest = ''
  let index = 0
  for await (const chunk of body) {
    const parts = (rest + text.decode(chunk as Uint8Array, { stream: true })).split('\n')
    rest = parts.pop() ?? ''
    for (const line of parts) {
      const fate = each(line, index++)
      if (fate === 'cut') return void outgoing.destroy()
      if (fate === 'half') return void outgoing.write(line.slice(0, line.length / 2))
      if (fate === 'pass') outgoing.write(`${line}\n`)
      else if (fate !== 'drop') outgoing.write(`${fate.instead}\n`)
    }
  }
}

async function passBytes(body: AsyncIterable<unknown>, count: number, outgoing: ServerResponse): Promise<void> {
  let left = count
  for await (const chunk of body) {
    const bytes = chunk as Uint8Array
    outgoing.write(bytes.subarray(0, left))
    left -= bytes.length
    if (left > 0) continue
    // What was written must leave before the connection ends.
    return void setImmediate(() => outgoing.destroy())
  }
}
