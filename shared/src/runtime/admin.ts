// The admin address of a process: is it alive, does it do its work, what does it measure, what does it know. Answers from
// the moment it opens, also while everything behind the process is absent. Shows no secret, and changes nothing by GET.
// On the bare server of Node: a few paths need no framework, and loading one was a tenth of every process's start.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { type Address, formatAddress } from './address.ts'
import { failure, reasonOf } from './failure.ts'
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

// By `import` Node would load its client for WebSocket and fetch with it: a twentieth of a process's start.
const { createServer } = process.getBuiltinModule('node:http')

const BODY_MAX_BYTES = 64 * 1024
const JSON_TYPE = 'application/json; charset=utf-8'
const TEXT_TYPE = 'text/plain; charset=utf-8'

/** Listens. Fails with a message that names the flag where the port is taken. */
export async function createAdmin(options: AdminOptions): Promise<Admin> {
  const answer = createAnswerer(options)
  const server = createServer((request, response) => {
    answer(request, pathOf(request)).then(
      (reply) => send(response, reply),
      (error: unknown) => send(response, failed(error, request, options.logger)),
    )
  })
  await listen(server, options.address)
  const bound = server.address()
  const port = bound !== null && typeof bound === 'object' ? bound.port : options.address.port
  return { address: { host: options.address.host, port }, close: () => close(server) }
}

interface Reply {
  readonly code: number
  readonly type: string
  readonly body: string
}

/** An error that says what was wrong with a request, with the code that tells its client. */
const refusal = (replyCode: number, message: string): Error => Object.assign(new Error(message), { replyCode })

function createAnswerer(options: AdminOptions): (request: IncomingMessage, url: URL) => Promise<Reply> {
  const { registry } = options.metrics
  const answers: Readonly<Record<string, Answer>> = { '/status': options.status, ...options.questions }
  const orders = options.orders ?? {}
  return async (request, { pathname, searchParams }) => {
    if (request.method === 'POST' && Object.hasOwn(orders, pathname)) {
      return answerOf(await orders[pathname]?.(textsOf(await readBody(request))))
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') return NOT_FOUND
    if (pathname === '/livez') return health([])
    if (pathname === '/readyz') return health(options.missing())
    if (pathname === '/metrics') return { code: 200, type: registry.contentType, body: await registry.metrics() }
    if (!Object.hasOwn(answers, pathname)) return NOT_FOUND
    return answerOf(await answers[pathname]?.(textsOf(Object.fromEntries(searchParams))))
  }
}

const health = (reasons: readonly string[]): Reply =>
  reasons.length === 0
    ? { code: 200, type: TEXT_TYPE, body: 'ok\n' }
    : { code: 503, type: TEXT_TYPE, body: `${reasons.join('\n')}\n` }

const refused = (code: number, error: string): Reply => ({ code, type: JSON_TYPE, body: JSON.stringify({ error }) })

const NOT_FOUND = refused(404, 'not found')

function answerOf(answer: unknown): Reply {
  if (answer === undefined) return NOT_FOUND
  return { code: 200, type: JSON_TYPE, body: `${JSON.stringify(answer, null, 2)}\n` }
}

function failed(error: unknown, request: IncomingMessage, logger: Logger): Reply {
  if (error instanceof Error && 'replyCode' in error) return refused(Number(error.replyCode), error.message)
  logger.error({ err: error, path: request.url }, 'an admin request failed')
  return refused(500, reasonOf(error))
}

function send(response: ServerResponse, { code, type, body }: Reply): void {
  response.writeHead(code, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body)
}

const pathOf = ({ url = '/' }: IncomingMessage): URL => {
  const absolute = `http://admin${url.startsWith('/') ? url : '/'}`
  return URL.canParse(absolute) ? new URL(absolute) : new URL('http://admin/')
}

/** What an order carries. No form of a browser is read: those come from any page, without being asked for. */
async function readBody(request: IncomingMessage): Promise<unknown> {
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
    throw refusal(415, 'an order is JSON (application/json)')
  }
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of request as AsyncIterable<Uint8Array>) {
    size += part.byteLength
    if (size > BODY_MAX_BYTES) throw refusal(413, `an order has at most ${BODY_MAX_BYTES} bytes`)
    parts.push(part)
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'))
  } catch {
    throw refusal(400, 'the order is no JSON')
  }
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

function listen(server: Server, address: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenFailure(error, address, '--admin')))
    server.listen({ host: address.host, port: address.port }, resolve)
  })
}

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })

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
