// A gRPC server over node:http2. Routes streams to methods, watches connections, ends in order. Knows nothing of xDS.
// Why not grpc-js: it copies every message for every stream, which a fan-out of one buffer to a thousand streams
// can't afford (docs/performance.md has the figures).
import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type Address, formatAddress } from '@fleetcast/shared/runtime/address'
import type { Clock, Random } from '@fleetcast/shared/runtime/clock'
import { reasonOf } from '@fleetcast/shared/runtime/failure'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import { createAdmission, createStreamLimits, type StreamLimit, streamsAhead } from './admission.ts'
import type { Method, Peer } from './call.ts'
import type { Certificates } from './certificates.ts'
import type { Intake } from './frame-reader.ts'
import type { Pace } from './pacer.ts'
import { peerOf } from './peer.ts'
import { type OpenStream, refuse, runStream } from './stream.ts'

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

interface Connection {
  readonly peer: Peer
  readonly streams: StreamLimit
}

export interface GrpcServer {
  start(): Promise<Address>
  /** Accepts nothing more and ends the streams one by one over the window, in random order; then what is left at once. */
  drain(windowMs: number): Promise<void>
  streamCount(): number
}

/** Node's own 511 loses SYNs in a storm of a thousand connections, which then come again after a second. */
const backlog = 4096
/** What a stream that is not read may hold must not be what its whole connection may hold. */
const connectionWindowBytes = 8 * 1024 * 1024

export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  const { clock, random, logger } = options
  const limits = { ...GRPC_LIMITS, ...options.limits }
  const methods = new Map(options.methods.map((method) => [method.path, method]))
  const sessions = new Map<ServerHttp2Session, Connection>()
  const streams = new Map<OpenStream, (() => void) | undefined>()
  const admission = createAdmission(setImmediate)
  const streamLimits = createStreamLimits(limits.streamsPerConnectionMax, clock)
  const intake: Intake = { heldBytes: 0, heldBytesMax: limits.intakeBytesMax }
  const onLimit = createLimitLog(logger)
  const streamOptions = { clock, ...limits, intake, onLimit }
  let onEmpty: (() => void) | undefined

  const onClosed = (open: OpenStream): void => {
    streams.get(open)?.()
    streams.delete(open)
    if (streams.size === 0) onEmpty?.()
  }
  const onStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void => {
    stream.on('error', () => {})
    const connection = stream.session && sessions.get(stream.session as ServerHttp2Session)
    if (connection === undefined) {
      stream.close()
      return
    }
    const { streams: limit } = connection
    limit.opened()
    stream.once('close', limit.closed)
    admission.admit(stream, () => open(stream, headers, connection.peer))
  }
  const open = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, peer: Peer): void => {
    const path = String(headers[':path'])
    const method = methods.get(path)
    if (!String(headers['content-type'] ?? '').startsWith('application/grpc')) {
      stream.respond({ ':status': 415 }, { endStream: true })
      return
    }
    if (method === undefined) {
      refuse(stream, 'UNIMPLEMENTED', `there is no ${path.slice(0, 200)}`)
      return
    }
    const opened = runStream(stream, headers, method, peer, streamOptions, onClosed)
    const ageMs = limits.streamAgeMs * (0.8 + 0.4 * random())
    streams.set(opened, ageMs > 0 ? clock.after(ageMs, () => opened.dismiss('moving on')) : undefined)
  }

  const secure = options.certificates && createSecure(options.certificates, limits)
  const server: Http2Server | Http2SecureServer = secure ?? createServer(common(limits))
  server.on('stream', onStream)
  server.on('session', (session: ServerHttp2Session) => {
    sessions.set(session, {
      peer: peerOf(session.socket),
      streams: streamLimits.of(session),
    })
    session.setLocalWindowSize(connectionWindowBytes)
    session.on('error', (error) => logger.debug({ reason: reasonOf(error) }, 'a connection failed'))
    const stopKeepalive = keepAlive(session, clock, limits)
    session.on('close', () => {
      stopKeepalive()
      sessions.delete(session)
    })
  })
  server.on('sessionError', () => {})
  server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
    logger.warn({ peer: socket.remoteAddress, reason: reasonOf(error) }, 'a TLS handshake failed')
  })
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
      const emptied = new Promise<void>((resolve) => {
        onEmpty = resolve
        if (streams.size === 0) resolve()
        clock.after(windowMs, resolve)
      })
      for (const open of streams.keys()) {
        clock.after(windowMs * 0.9 * random(), () => open.dismiss('this edge is going away'))
      }
      await emptied
      await Promise.all([...sessions.keys()].map((session) => endSession(session, clock)))
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

const common = (limits: GrpcLimits) => ({
  settings: {
    maxConcurrentStreams: Math.min(streamsAhead, limits.streamsPerConnectionMax),
    initialWindowSize: 256 * 1024,
  },
  // In megabytes. What a slow client may have waiting is bounded by the responses outstanding, not by this.
  maxSessionMemory: 4096,
  noDelay: true,
})

const createSecure = (certificates: Certificates, limits: GrpcLimits): Http2SecureServer =>
  createSecureServer({ ...common(limits), ...certificates.pair(), allowHTTP1: false, ALPNProtocols: ['h2'] })

/** Pings a connection; one that does not answer is gone, and its streams with it. */
function keepAlive(session: ServerHttp2Session, clock: Clock, limits: GrpcLimits): () => void {
  let cancel = clock.after(limits.keepaliveMs, ping)
  function ping(): void {
    if (session.destroyed || session.closed) return
    cancel = clock.after(limits.keepaliveTimeoutMs, () => session.destroy())
    session.ping((error) => {
      cancel()
      if (error === null && !session.destroyed) cancel = clock.after(limits.keepaliveMs, ping)
    })
  }
  return () => cancel()
}

/** In order if it can be, else by force: trailers on the way out get half a second. */
function endSession(session: ServerHttp2Session, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    if (session.destroyed) return resolve()
    const cancel = clock.after(500, () => session.destroy())
    session.once('close', () => {
      cancel()
      resolve()
    })
    session.close()
  })
}
