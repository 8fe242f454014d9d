// The admin address of a process: is it alive, does it do its work, what does it measure, what does it know. Answers from
// the moment it opens, also while everything behind the process is absent. Shows no secret, and changes nothing by GET.
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { type Address, formatAddress } from './address.ts'
import { failure } from './failure.ts'
import type { Logger } from './logger.ts'
import type { Metrics } from './metrics.ts'

/** What a question of an operator carries. */
export type Query = Readonly<Record<string, string | undefined>>
/** A JSON value, or undefined for "there is no such thing" (404). */
export type Answer = (query: Query) => unknown

export interface AdminOptions {
  readonly address: Address
  readonly logger: Logger
  readonly metrics: Metrics
  /** What keeps the process from doing its work, a line each; empty: it is ready. Synchronous: it must answer always. */
  readonly missing: () => readonly string[]
  readonly status: Answer
  /** More questions, by path: `/nodes`. */
  readonly questions?: Readonly<Record<string, Answer>>
  /** What an operator can have done, by path; by POST with a JSON body of texts. */
  readonly orders?: Readonly<Record<string, Answer>>
}

export interface Admin {
  /** Where it listens; the port that was chosen where 0 was asked for. */
  readonly address: Address
  close(): Promise<void>
}

/** Listens. Fails with a message that names the flag where the port is taken. */
export async function createAdmin(options: AdminOptions): Promise<Admin> {
  const server = fastify({ forceCloseConnections: true, bodyLimit: 64 * 1024 })
  addHealth(server, options)
  server.get('/metrics', async (_request, reply) => {
    reply.type(options.metrics.registry.contentType)
    return options.metrics.registry.metrics()
  })
  const answers = { '/status': options.status, ...options.questions }
  for (const [path, answer] of Object.entries(answers)) {
    server.get(path, async (request, reply) => sendAnswer(reply, await answer(textsOf(request.query))))
  }
  for (const [path, answer] of Object.entries(options.orders ?? {})) {
    server.post(path, async (request, reply) => sendAnswer(reply, await answer(textsOf(request.body))))
  }
  server.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const code = error.statusCode ?? 500
    if (code >= 500) options.logger.error({ err: error, path: request.url }, 'an admin request failed')
    return reply.code(code).send({ error: error.message })
  })
  await listen(server, options.address)
  const bound = server.server.address()
  const port = bound !== null && typeof bound === 'object' ? bound.port : options.address.port
  return { address: { host: options.address.host, port }, close: () => server.close() }
}

function addHealth(server: FastifyInstance, { missing }: AdminOptions): void {
  const health = (reply: FastifyReply, reasons: readonly string[]): FastifyReply =>
    reply
      .code(reasons.length === 0 ? 200 : 503)
      .type('text/plain; charset=utf-8')
      .send(reasons.length === 0 ? 'ok\n' : `${reasons.join('\n')}\n`)
  server.get('/livez', (_request, reply) => health(reply, []))
  server.get('/readyz', (_request, reply) => health(reply, missing()))
}

/** Only texts: a list or object in a query or body is passed over. */
const textsOf = (from: unknown): Query =>
  typeof from === 'object' && from !== null
    ? Object.fromEntries(
        Object.entries(from).flatMap(([key, value]) =>
          typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
            ? [[key, String(value)]]
            : [],
        ),
      )
    : {}

function sendAnswer(reply: FastifyReply, answer: unknown): FastifyReply {
  if (answer === undefined) return reply.code(404).send({ error: 'not found' })
  return reply.type('application/json; charset=utf-8').send(`${JSON.stringify(answer, null, 2)}\n`)
}

async function listen(server: FastifyInstance, address: Address): Promise<void> {
  try {
    await server.listen({ host: address.host, port: address.port, listenTextResolver: () => '' })
  } catch (error) {
    throw listenFailure(error, address, '--admin')
  }
}

/** A message for a port that can't be listened on, which names the flag that chooses another. */
export function listenFailure(error: unknown, address: Address, flag: string): Error {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const where = formatAddress(address)
  if (code === 'EADDRINUSE')
    return failure(`${flag}: ${where} is in use; choose another address with ${flag}`, 1, error)
  if (code === 'EACCES') return failure(`${flag}: no permission to listen on ${where}`, 1, error)
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return failure(`${flag}: ${where} is not an address of this machine`, 1, error)
  }
  return error instanceof Error ? error : new Error(String(error))
}
