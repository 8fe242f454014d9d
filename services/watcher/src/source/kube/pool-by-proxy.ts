// Connections to an API server through the proxy that a kubeconfig names. Loaded only there.
import { ProxyAgent, request } from 'undici'
import type { Credentials } from './credentials.ts'
import type { Pool } from './pool.ts'

interface Limits {
  readonly connectMs: number
  readonly headersMs: number
  readonly keepAliveMs: number
}

export function openPoolByProxy(tls: Credentials['tls'], proxy: string, limits: Limits): Pool {
  const { connectMs, headersMs, keepAliveMs } = limits
  const requestTls = { ...tls, timeout: connectMs, keepAlive: true, keepAliveInitialDelay: keepAliveMs }
  const dispatcher = new ProxyAgent({
    uri: proxy,
    bodyTimeout: 0,
    headersTimeout: headersMs,
    pipelining: 1,
    requestTls,
  })
  return {
    async send(url, { body, ...wanted }) {
      const answer = await request(url, { ...wanted, dispatcher, body: body ?? null })
      return { status: answer.statusCode, headers: answer.headers, body: answer.body }
    },
    retire: () => void dispatcher.close().catch(() => undefined),
    destroy: () => void dispatcher.destroy().catch(() => undefined),
  }
}
