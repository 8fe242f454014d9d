// Requests to one API server over one pool of connections, kept until certificates or the address change. Knows no kinds.
import { hostname } from 'node:os'
import type { Readable } from 'node:stream'
import { json, text } from 'node:stream/consumers'
import type { Clock } from '@fleetcast/shared/runtime/clock'
import { apiFailure } from './api-failure.ts'
import { type Credentials, readCredentials, readIdentity, stampOf } from './credentials.ts'
import type { KubeAccess } from './kubeconfig.ts'
import { openPool, type Pool, type PoolAnswer } from './pool.ts'

/** Files are looked at again so often, and at once after a refusal or a connection that failed. */
const CREDENTIALS_AGE_MS = 10_000

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
  stream(request: ApiRequest): Promise<Readable>
  /** The JSON value of a successful answer. */
  json(request: ApiRequest): Promise<unknown>
  /** How many pools were opened: one, and one more for each change of certificates. */
  pools(): number
  close(): Promise<void>
}

interface Connected {
  readonly credentials: Credentials
  readonly pool: Pool
}

export function createApiServer(deps: { readonly access: KubeAccess; readonly clock: Clock }): ApiServer {
  const { access, clock } = deps
  let identity = readIdentity(access)
  let stamp = stampOf(access)
  let current: Connected | undefined
  let readAt = Number.NEGATIVE_INFINITY
  let stale = false
  let pools = 0
  let reloading: Promise<Connected> | undefined

  const reload = async (): Promise<Connected> => {
    const present = stampOf(access)
    // A new identity forgets cached tokens; the old one asks a plugin only when its token expired.
    if (stale || present !== stamp) identity = readIdentity(access)
    stamp = present
    const credentials = await readCredentials(identity)
    stale = false
    if (current?.credentials.fingerprint === credentials.fingerprint) return { credentials, pool: current.pool }
    const pool = await openPool(credentials, clock)
    // Requests that are under way end on the old connections.
    current?.pool.retire()
    pools++
    return { credentials, pool }
  }

  /** Requests that come together wait for one reading, or each would open a pool. */
  const refresh = async (): Promise<Connected> => {
    if (current && !stale && clock.now() - readAt < CREDENTIALS_AGE_MS) return current
    reloading ??= reload().finally(() => {
      reloading = undefined
    })
    try {
      current = await reloading
      readAt = clock.now()
    } catch (error) {
      // A file that is being written: the credentials that worked until now may still do.
      if (!current) throw error
    }
    return current
  }

  const send = async ({ method = 'GET', path, query, body, signal }: ApiRequest): Promise<PoolAnswer> => {
    const { credentials, pool } = await refresh()
    signal.throwIfAborted()
    const url = new URL(credentials.server.replace(/\/$/, '') + path)
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, String(value))
    const headers = {
      ...credentials.headers,
      accept: 'application/json',
      'user-agent': `fleetcast/${hostname()}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }
    try {
      return await pool.send(url, { method, headers, signal, body: body === undefined ? body : JSON.stringify(body) })
    } catch (error) {
      // A server with a new certificate refuses here: the CA may have been replaced too.
      stale ||= !signal.aborted
      throw error
    }
  }

  const succeed = async (wanted: ApiRequest): Promise<PoolAnswer> => {
    let response = await send(wanted)
    if (response.status === 401) {
      await text(response.body)
      stale = true
      response = await send(wanted)
    }
    if (response.status < 300) return response
    throw apiFailure(response.status, await text(response.body), response.headers['retry-after'])
  }

  return {
    name: identity.account.server,
    namespace: identity.account.namespace,
    stream: async (wanted) => (await succeed(wanted)).body,
    json: async (wanted) => json((await succeed(wanted)).body),
    pools: () => pools,
    async close() {
      current?.pool.destroy()
    },
  }
}
