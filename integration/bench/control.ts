// The control contract of xdsload over HTTP: reset, change, digest, collect. Knows nothing of what is behind it.
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type BenchChange, type BenchSize, changeWorld, type RawManifest, resetWorld } from './bench-world.ts'

export interface ControlDeps {
  /** Gives memory back, so that resident sizes compare. */
  readonly collect: () => Promise<void>
  /** Replaces the world; resolves once it can be served. */
  readonly reset: (world: readonly RawManifest[], size: BenchSize) => Promise<void>
  /** Takes a change; returns once it is accepted. */
  readonly change: (manifests: readonly RawManifest[]) => void
  /** The digest by type, or undefined where it is not known. */
  readonly digest: () => Promise<Readonly<Record<string, string>> | undefined>
}

export function createControl({ reset, change, digest, collect }: ControlDeps): Server {
  let size: BenchSize = { clusters: 0, endpoints: 0 }
  const answer = async (request: IncomingMessage): Promise<[status: number, body: unknown]> => {
    switch (`${request.method} ${request.url}`) {
      case 'POST /reset': {
        const wanted = await readJson<BenchSize>(request)
        if (!Number.isInteger(wanted.clusters) || !Number.isInteger(wanted.endpoints))
          return [400, 'clusters, endpoints']
        size = wanted
        await reset(resetWorld(size), size)
        return [200, {}]
      }
      case 'POST /change': {
        const manifests = changeWorld(size, await readJson<BenchChange>(request))
        if (manifests === undefined) return [400, 'no such kind, or no such index']
        change(manifests)
        return [200, {}]
      }
      case 'GET /digest': {
        const digests = await digest()
        return digests ? [200, digests] : [404, 'no digest']
      }
      case 'POST /collect':
        await collect()
        return [200, {}]
      default:
        return [404, 'POST /reset, POST /change, GET /digest, POST /collect']
    }
  }
  return createServer((request, response) => {
    answer(request)
      .catch((error: unknown): [number, unknown] => [500, String(error)])
      .then(([status, body]) => {
        response.writeHead(status, { 'content-type': 'application/json' })
        response.end(`${JSON.stringify(body)}\n`)
      })
      .catch(() => response.destroy())
  })
}

async function readJson<T>(request: IncomingMessage): Promise<T> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return JSON.parse(text) as T
}
