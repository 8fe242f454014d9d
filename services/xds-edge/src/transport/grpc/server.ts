// A gRPC server over HTTP/2. Routes streams to methods, watches connections, ends in order. Knows nothing of xDS.
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls'
import { type Address, formatAddress } from '@fleetcast/shared/runtime/address'
import type { Clock, Random } from '@fleetcast/shared/runtime/clock'
import { reasonOf } from '@fleetcast/shared/runtime/failure'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import { createConnection, type Http2Connection } from '../http2/connection.ts'
import { createFlusher } from '../http2/flusher.ts'
import type { Http2Stream } from '../http2/http2-stream.ts'
import type { Pace } from '../http2/pacer.ts'
import { createAdmission, createStreamLimits, streamsAhead, streamsPerSecond } from './admission.ts'
import type { Method, Peer } from './call.ts'
import type { Certificates } from './certificates.ts'
import type { Intake } from './frame-reader.ts'
import { peerOf } from './peer.ts'
import { type OpenStream, refuse, refuseOther, runStream } from './stream.ts'

export interface GrpcServerOptions {
  readonly listen: Address
  readonly methods: readonly Method[]
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Absent: plain text. */
  readonly certificates?: Certificates
  /** Several processes share the port. */
  readonly reusePort?: boolean
  readonly limits?: Partial<GrpcLimits>
}

export interface GrpcLimits {
  /** Far above gRPC's 4 MiB: a first delta request names all that the client holds (rule 101). */
  readonly messageBytesMax: number
  /** Of messages that have not arrived whole, for all streams together. */
  readonly intakeBytesMax: number
  readonly pace: Pace
  readonly keepaliveMs: number
  readonly keepaliveTimeoutMs: number
  /** Streams are ended at an age of this ± 20 %, so that they spread over edges again. 0: never. */
  readonly streamAgeMs: number
  readonly streamsPerConnectionMax: number
}

export const GRPC_LIMITS: GrpcLimits = {
  messageBytesMax: 64 * 1024 * 1024,
  intakeBytesMax: 512 * 1024 * 1024,
  // In the long run one stream may have a tenth of a core, or a thousand cheap requests a second.
  pace: { perSecond: 1000, burst: 1000, perWorkMs: 10 },
  keepaliveMs: 30_000,
  keepaliveTimeoutMs: 10_000,
  streamAgeMs: 0,
  streamsPerConnectionMax: 1000,
}

export interface GrpcServer {
  start(): Promise<Address>
  /** Accepts nothing more and ends the streams one by one over the window, in random order; then what is left at once. */
  drain(windowMs: number): Promise<void>
  streamCount(): number
}

/** Node's own 511 loses SYNs in a storm of a thousand connections, which then come again after a second. */
const backlog = 4096

export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  const { clock, random, logger } = options
  const limits = { ...GRPC_LIMITS, ...options.limits }
  const methods = new Map(options.methods.map((method) => [method.path, method]))
  /** Each with what ends its keepalive. */
  const connections = new Map<Http2Connection, () => void>()
  const streams = new Map<OpenStream, (() => void) | undefined>()
  const admission = createAdmission(setImmediate)
  const flusher = createFlusher(queueMicrotask)
  const streamLimits = createStreamLimits(limits.streamsPerConnectionMax, clock)
  const intake: Intake = { heldBytes: 0, heldBytesMax: limits.intakeBytesMax }
  const onLimit = createLimitLog(logger)
  const streamOptions = { clock, ...limits, intake, onLimit }
  let onEmpty: (() => void) | undefined
  let onDisconnected: (() => void) | undefined

  const onClosed = (open: OpenStream): void => {
    streams.get(open)?.()
    streams.delete(open)
    if (streams.size === 0) onEmpty?.()
  }
  const open = (connection: Http2Connection, stream: Http2Stream, peer: Peer): void => {
    const { path, contentType } = stream.head
    const method = methods.get(path)
    if (!contentType.startsWith('application/grpc')) {
      refuseOther(connection, stream)
      return
    }
    if (method === undefined) {
      refuse(connection, stream, 'UNIMPLEMENTED', `there is no ${path.slice(0, 200)}`)
      return
    }
    const opened = runStream(connection, stream, method, peer, streamOptions, onClosed)
    if (stream.isClosed) return
    const ageMs = limits.streamAgeMs * (0.8 + 0.4 * random())
    streams.set(opened, ageMs > 0 ? clock.after(ageMs, () => opened.dismiss('moving on')) : undefined)
  }

  const connect = (socket: Socket): void => {
    const peer = peerOf(socket)
    const connection: Http2Connection = createConnection({
      socket,
      clock,
      schedule: flusher.add,
      onTurn: setImmediate,
      streamsMax: Math.min(streamsAhead, limits.streamsPerConnectionMax),
      streamsPerSecond,
      onOpened(stream) {
        limit.opened()
        admission.admit(stream, () => open(connection, stream, peer))
      },
      onClosed: () => limit.closed(),
      onFault: (reason) => logger.debug({ reason, peer: peer.address }, 'a connection failed'),
      onEnded() {
        connections.get(connection)?.()
        connections.delete(connection)
        if (connections.size === 0) onDisconnected?.()
      },
    })
    const limit = streamLimits.of(connection)
    connections.set(connection, keepAlive(connection, clock, limits))
  }

  const secure = options.certificates && createSecure(options.certificates, connect, logger)
  const server: Server = secure ?? createServer({ noDelay: true }, connect)
  const stopFollowing = options.certificates?.follow((pair) => secure?.setSecureContext(pair))

  return {
    streamCount: () => streams.size,
    async start() {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        const { host, port } = options.listen
        server.listen({ host, port, backlog, ...(options.reusePort ? { reusePort: true } : {}) }, resolve)
      })
      server.on('error', (error) => logger.error({ reason: reasonOf(error) }, 'the gRPC listener failed'))
      // A listener over TCP has an address of this shape.
      const { port } = server.address() as AddressInfo
      logger.debug({ address: formatAddress({ ...options.listen, port }) }, 'gRPC is listening')
      return { ...options.listen, port }
    },
    async drain(windowMs) {
      stopFollowing?.()
      server.close()
      for (const connection of connections.keys()) connection.close()
      const emptied = new Promise<void>((resolve) => {
        onEmpty = resolve
        if (streams.size === 0) resolve()
        clock.after(windowMs, resolve)
      })
      for (const open of streams.keys()) {
        clock.after(windowMs * 0.9 * random(), () => open.dismiss('this edge is going away'))
      }
      await emptied
      // Trailers on the way out get half a second.
      const cancel = clock.after(500, () => {
        for (const connection of connections.keys()) connection.destroy()
      })
      await new Promise<void>((resolve) => {
        onDisconnected = resolve
        if (connections.size === 0) resolve()
      })
      cancel()
    },
  }
}

const limitsLoggedMax = 1000

/** Once for each host and limit: who meets a limit meets it often. */
function createLimitLog(logger: Logger): (peer: Peer, reason: string) => void {
  const logged = new Set<string>()
  return ({ address }, reason) => {
    const host = address.slice(0, address.lastIndexOf(':'))
    const key = `${host} ${reason}`
    if (logged.has(key) || logged.size >= limitsLoggedMax) return
    logged.add(key)
    logger.warn({ host, reason }, 'a client met a limit')
  }
}

function createSecure(certificates: Certificates, connect: (socket: Socket) => void, logger: Logger): TlsServer {
  const server = createTlsServer({ ...certificates.pair(), ALPNProtocols: ['h2'], noDelay: true })
  server.on('secureConnection', (socket) => {
    if (socket.alpnProtocol === 'h2') connect(socket)
    else socket.destroy()
  })
  server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
    logger.warn({ peer: socket.remoteAddress, reason: reasonOf(error) }, 'a TLS handshake failed')
  })
  return server
}

/** Pings a connection; one that does not answer is gone, and its streams with it. */
function keepAlive(connection: Http2Connection, clock: Clock, limits: GrpcLimits): () => void {
  let cancel = clock.after(limits.keepaliveMs, ping)
  function ping(): void {
    cancel = clock.after(limits.keepaliveTimeoutMs, connection.destroy)
    connection.ping(() => {
      cancel()
      cancel = clock.after(limits.keepaliveMs, ping)
    })
  }
  return () => cancel()
}
