// xDS by REST: `POST /v3/discovery:<type>` with a DiscoveryRequest as JSON, as Envoy sends it. Knows HTTP and JSON; what is
// answered is decided elsewhere. A request that can't be understood touches nothing but itself.
import { Server as TlsServer } from 'node:tls'
import type { Resource } from '@fleetcast/shared/resources/resource'
import { RESOURCE_TYPES, type ResourceType } from '@fleetcast/shared/resources/types'
import type { Address } from '@fleetcast/shared/runtime/address'
import { reasonOf } from '@fleetcast/shared/runtime/failure'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { NodeInfo } from '../../protocol/messages.ts'
import type { Peer } from '../grpc/call.ts'
import type { Certificates } from '../grpc/certificates.ts'
import { peerOf } from '../grpc/peer.ts'
import { readRequestBody } from './request-body.ts'

export interface RestQuestion {
  readonly type: ResourceType
  readonly node: NodeInfo
  readonly names: readonly string[]
  /** What the client has; empty where it has nothing. */
  readonly version: string
  /** Why the client refused the last answer. */
  readonly error: string | undefined
  readonly peer: Peer
  /** How long the answer may wait for something new. */
  readonly waitMs: number
}

export type RestAnswer =
  | { readonly kind: 'fresh'; readonly version: string; readonly resources: readonly Resource[] }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'refused'; readonly reason: string }

export interface RestServerOptions {
  readonly listen: Address
  readonly logger: Logger
  readonly certificates?: Certificates
  readonly answer: (question: RestQuestion, signal: AbortSignal) => Promise<RestAnswer>
  /** The JSON of a resource's message. */
  readonly toJson: (resource: Resource) => object
}

export interface RestServer {
  start(): Promise<Address>
  stop(): Promise<void>
}

/** Below Envoy's own limit of one second for a request (`request_timeout`). */
const waitMsUsual = 800
/** `Prefer: wait=N` (RFC 7240) asks for a longer wait, up to this. */
const waitMsMax = 25_000
const bodyBytesMax = 16 * 1024 * 1024

export function createRestServer(options: RestServerOptions): RestServer {
  const { logger, certificates } = options
  const limits = { bodyLimit: bodyBytesMax, forceCloseConnections: true as const }
  // The two kinds of server differ in the type of their sockets only.
  const server = (certificates === undefined
    ? fastify(limits)
    : fastify({ ...limits, https: certificates.pair() })) as unknown as FastifyInstance
  const stopFollowing = certificates?.follow((pair) => {
    if (server.server instanceof TlsServer) server.server.setSecureContext(pair)
  })
  const encoded = new WeakMap<Resource, string>()

  const jsonOf = (resource: Resource): string => {
    const known = encoded.get(resource)
    if (known !== undefined) return known
    const text = JSON.stringify({ '@type': resource.type, ...options.toJson(resource) })
    encoded.set(resource, text)
    return text
  }
  const handle = async (type: ResourceType, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const body = readRequestBody(request.body, type)
    if (typeof body === 'string') return reply.code(400).send({ error: body })
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort())
    const question = { ...body, type, peer: peerOf(request.socket), waitMs: waitOf(request.headers.prefer) }
    const answer = await options.answer(question, gone.signal)
    if (answer.kind === 'unchanged') return reply.code(304).send()
    if (answer.kind === 'refused') return reply.code(403).send({ error: answer.reason })
    const { version, resources } = answer
    const head = JSON.stringify({ version_info: version, type_url: type.url, nonce: version })
    reply.type('application/json; charset=utf-8')
    return reply.send(`${head.slice(0, -1)},"resources":[${resources.map(jsonOf).join(',')}]}`)
  }
  // The colon of `/v3/discovery:clusters` is one, not the start of a parameter.
  for (const type of RESOURCE_TYPES) {
    if (type.rest === undefined) continue
    server.post(`/v3/discovery::${type.rest}`, (request, reply) => handle(type, request, reply))
  }
  server.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const code = error.statusCode ?? 500
    if (code >= 500) logger.error({ reason: reasonOf(error), path: request.url }, 'a REST request failed')
    return reply.code(code).send({ error: error.message })
  })

  return {
    async start() {
      const { host, port } = options.listen
      await server.listen({ host, port, backlog: 4096, listenTextResolver: () => '' })
      const bound = server.server.address()
      return { host, port: bound !== null && typeof bound === 'object' ? bound.port : port }
    },
    stop() {
      stopFollowing?.()
      return server.close()
    },
  }
}

function waitOf(header: string | string[] | undefined): number {
  const [, seconds] = /(?:^|[,;\s])wait=(\d{1,4})/.exec(String(header ?? '')) ?? []
  return seconds === undefined ? waitMsUsual : Math.min(Number(seconds) * 1000, waitMsMax)
}
