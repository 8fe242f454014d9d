// Requests to one API server over one pool of connections, kept until certificates or the address change. Knows no kinds.
import { hostname } from 'node:os'
import type { Clock } from '@fleetcast/shared/runtime/clock'
import type { KubeConfig } from '@kubernetes/client-node'
import { Agent, type Dispatcher, ProxyAgent, request } from 'undici'
import { apiFailure } from './api-failure.ts'
import { type Credentials, type KubeAccess, readCredentials, readKubeConfig, stampOf } from './credentials.ts'

/** Files are looked at again so often, and at once after a refusal or a connection that failed. */
const CREDENTIALS_AGE_MS = 10_000
const CONNECT_MS = 10_000
const HEADERS_MS = 30_000

export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly query?: Readonly<Record<string, string | number>>
  readonly body?: unknown
  readonly signal: AbortSignal
}

export interface ApiServer {
  /** For logs: the address, without credentials. */
  readonly name: string
  readonly namespace: string
  /** The body of a successful answer as it comes. Throws an ApiFailure for any other answer, and network errors as they are. */
  stream(request: ApiRequest): Promise<AsyncIterable<Uint8Array>>
  /** The JSON value of a successful answer. */
  json(request: ApiRequest): Promise<unknown>
  /** How many pools were opened: one, and one more for each change of certificates. */
  pools(): number
  close(): Promise<void>
}

export function createApiServer(deps: { readonly access: KubeAccess; readonly clock: Clock }): ApiServer {
  const { access, clock } = deps
  let config = readKubeConfig(access)
  let stamp = stampOf(access)
  let current: { readonly credentials: Credentials; readonly pool: Dispatcher } | undefined
  let readAt = Number.NEGATIVE_INFINITY
  let stale = false
  let pools = 0

  const refresh = async (): Promise<{ credentials: Credentials; pool: Dispatcher }> => {
    if (current && !stale && clock.now() - readAt < CREDENTIALS_AGE_MS) return current
    const present = stampOf(access)
    // A new KubeConfig forgets cached tokens; the old one asks a plugin only when its token expired.
    if (stale || present !== stamp) config = readKubeConfig(access)
    stamp = present
    stale = false
    readAt = clock.now()
    const credentials = await readCredentials(config)
    if (current?.credentials.fingerprint === credentials.fingerprint) {
      current = { credentials, pool: current.pool }
      return current
    }
    // Requests that are under way end on the old connections.
    void current?.pool.close().catch(() => undefined)
    pools++
    current = { credentials, pool: openPool(credentials) }
    return current
  }

  const send = async ({ method = 'GET', path, query, body, signal }: ApiRequest): Promise<Dispatcher.ResponseData> => {
    const { credentials, pool } = await refresh()
    signal.throwIfAborted()
    const url = new URL(credentials.server.replace(/\/$/, '') + path)
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, String(value))
    try {
      return await request(url, {
        method,
        dispatcher: pool,
        signal,
        headers: {
          ...credentials.headers,
          accept: 'application/json',
          'user-agent': `fleetcast/${hostname()}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
      })
    } catch (error) {
      // A server with a new certificate refuses here: the CA may have been replaced too.
      stale ||= !signal.aborted
      throw error
    }
  }

  const succeed = async (wanted: ApiRequest): Promise<Dispatcher.ResponseData> => {
    let response = await send(wanted)
    if (response.statusCode === 401) {
      await response.body.dump()
      stale = true
      response = await send(wanted)
    }
    if (response.statusCode < 300) return response
    const retryAfter = response.headers['retry-after']
    const said = await response.body.text()
    throw apiFailure(response.statusCode, said, typeof retryAfter === 'string' ? retryAfter : undefined)
  }

  return {
    name: nameOf(config),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace || 'default',
    stream: async (wanted) => (await succeed(wanted)).body,
    json: async (wanted) => (await succeed(wanted)).body.json(),
    pools: () => pools,
    async close() {
      await current?.pool.destroy()
    },
  }
}

const nameOf = (config: KubeConfig): string => config.getCurrentCluster()?.server ?? ''

function openPool({ tls, proxy }: Credentials): Dispatcher {
  // A watch is silent for long: its body has no time limit here, the reflector has its own.
  const limits = { bodyTimeout: 0, headersTimeout: HEADERS_MS, pipelining: 1 }
  const connect = { ...tls, timeout: CONNECT_MS, keepAlive: true, keepAliveInitialDelay: 10_000 }
  if (proxy === undefined) return new Agent({ ...limits, connect })
  return new ProxyAgent({ ...limits, uri: proxy, requestTls: connect })
}
