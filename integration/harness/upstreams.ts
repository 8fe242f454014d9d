// Upstream servers that a test can tell apart: each answers with the address it was reached at.
import { execFileSync } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { freePort } from './free-port.ts'

const environment = join(import.meta.dirname, '../env')

export interface Upstreams extends AsyncDisposable {
  /** One address an upstream; all listen on `port`. */
  readonly addresses: readonly string[]
  readonly port: number
}

/** Upstreams of this process on loopback addresses (127.66.0.1 and up): for folders, which may name such addresses. */
export async function startUpstreams(count: number): Promise<Upstreams & { close(address: string): Promise<void> }> {
  const addresses = Array.from({ length: count }, (_, index) => `127.66.0.${index + 1}`)
  const port = await freePort('127.66.0.1')
  const servers = new Map<string, Server>()
  for (const address of addresses) {
    const server = createServer((request, response) => {
      response.setHeader('x-path', request.url ?? '')
      response.end(address)
    })
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, address, resolve))
    servers.set(address, server)
  }
  const close = (address: string): Promise<void> =>
    new Promise((resolve) => {
      const server = servers.get(address)
      if (!server) return resolve()
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return {
    addresses,
    port,
    close,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(addresses.map(close))
    },
  }
}

/** Upstreams in a network namespace (198.18.x.x:8080), for an API server, which takes no loopback addresses. */
export function startNamespaceUpstreams(name: string, count: number): Upstreams {
  const printed = execFileSync(join(environment, 'upstreams-up'), [name, String(count)], { encoding: 'utf8' })
  return {
    addresses: printed.trim().split('\n'),
    port: 8080,
    [Symbol.asyncDispose]: async () => {
      execFileSync(join(environment, 'upstreams-down'), [name], { stdio: 'ignore' })
    },
  }
}
