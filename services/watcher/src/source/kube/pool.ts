// Connections to one API server, by Node's own client: loading a library for it was a tenth of a process's start.
import type { IncomingHttpHeaders, ClientRequest as Sent } from 'node:http'
import { Agent, type RequestOptions, request } from 'node:https'
import type { Readable } from 'node:stream'
import { createSecureContext } from 'node:tls'
import type { Clock } from '@fleetcast/shared/runtime/clock'
import type { Credentials } from './credentials.ts'

const CONNECT_MS = 10_000
const HEADERS_MS = 30_000
const KEEP_ALIVE_MS = 10_000

export interface PoolRequest {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  /** Ends the request and its answer; both fail with its reason. */
  readonly signal: AbortSignal
}

export interface PoolAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Has no time limit: a watch is silent for long. */
  readonly body: Readable
}

export interface Pool {
  /** Resolves with any answer once its headers are here. Fails where there is no connection, or no answer in time. */
  send(url: URL, request: PoolRequest): Promise<PoolAnswer>
  /** Requests that are under way end as they would have; idle connections are closed. */
  retire(): void
  /** Cuts everything. */
  destroy(): void
}

/** Fails where the certificates can't be understood. */
export async function openPool({ server, tls, proxy }: Credentials, clock: Clock): Promise<Pool> {
  const limits = { connectMs: CONNECT_MS, headersMs: HEADERS_MS, keepAliveMs: KEEP_ALIVE_MS }
  if (proxy !== undefined) return (await import('./pool-by-proxy.ts')).openPoolByProxy(tls, proxy, limits)
  const options = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS }
  const plain = new URL(server).protocol === 'http:' ? await import('node:http') : undefined
  // One context: to read the certificates again for each connection takes longer than to connect.
  const agent = plain
    ? new plain.Agent(options)
    : new Agent({ ...options, ...tls, secureContext: createSecureContext(tls) })
  const open = plain?.request ?? request
  return {
    send: (url, wanted) => answerOf(clock, wanted, (options) => open(url, { ...options, agent })),
    retire() {
      agent.maxFreeSockets = 0
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy()
    },
    destroy: () => agent.destroy(),
  }
}

function answerOf(
  clock: Clock,
  { method, headers, body, signal }: PoolRequest,
  open: (options: RequestOptions) => Sent,
): Promise<PoolAnswer> {
  return new Promise((resolve, reject) => {
    const sent = open({ method, headers })
    let end = (error: Error): void => void sent.destroy(error)
    const expire = (ms: number, what: string) => clock.after(ms, () => end(new Error(`${what} within ${ms / 1000} s`)))
    let cancel = expire(CONNECT_MS, 'no connection')
    const abort = (): void => end(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    sent.on('socket', (socket) => {
      const connected = (): void => {
        cancel()
        cancel = expire(HEADERS_MS, 'no answer')
      }
      if (sent.reusedSocket) connected()
      else socket.once('encrypted' in socket ? 'secureConnect' : 'connect', connected)
    })
    sent.on('response', (response) => {
      cancel()
      end = (error) => void response.destroy(error)
      // A reader has its error by itself; one that nobody reads any more must end nothing.
      response.on('error', () => undefined)
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: response })
    })
    sent.on('error', reject)
    sent.on('close', () => {
      cancel()
      signal.removeEventListener('abort', abort)
    })
    sent.end(body)
  })
}
