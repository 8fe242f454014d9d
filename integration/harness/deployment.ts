// Fleetcast as it runs in production: watchers, publishers and edges as processes over one Redis, fed by an API server or a folder.
import { type Fleetcast, fleetcast } from './fleetcast.ts'
import { freePort } from './free-port.ts'
import type { RedisServer } from './redis.ts'
import { waitFor } from './wait-for.ts'

export interface Role {
  /** The process that plays it now. */
  readonly process: () => Fleetcast
  /** host:port of the admin address; stays over a restart. */
  readonly admin: string
  /** Where Envoys ask by gRPC, and by REST; edges only. */
  readonly listen: string
  readonly rest: string
  /** kill -9, and nothing in its place. */
  kill(): Promise<void>
  /** The same arguments, a new process. Does not wait for it to be ready. */
  start(): void
}

export interface Deployment extends AsyncDisposable {
  readonly watchers: readonly Role[]
  readonly publishers: readonly Role[]
  readonly edges: readonly Role[]
  /** The watcher that leads now. */
  leader(): Promise<Role>
  /** Resolves once every process that runs says so. */
  ready(): Promise<void>
}

export interface DeploymentOptions {
  readonly redis: RedisServer
  /** Where the objects come from: an API server or a folder. */
  readonly from: { readonly kubeconfig: string } | { readonly folder: string }
  readonly watchers?: number
  readonly publishers?: number
  readonly edges?: number
  readonly environment?: Readonly<Record<string, string>>
}

export async function startDeployment(options: DeploymentOptions): Promise<Deployment> {
  const { redis, from } = options
  const source = 'folder' in from ? ['--folder', from.folder] : ['--kubeconfig', from.kubeconfig]
  const address = async (): Promise<string> => `127.0.0.1:${await freePort()}`
  const role = async (args: readonly string[]): Promise<Role> => {
    const [admin, listen, rest] = [await address(), await address(), await address()]
    const all = [...args, '--redis', redis.url, ...(args[0] === 'edge' ? ['--listen', listen, '--rest', rest] : [])]
    const start = (): Fleetcast => fleetcast(all, { admin, environment: options.environment ?? {} })
    let process = start()
    return {
      admin,
      listen,
      rest,
      process: () => process,
      kill: async () => void (await process.kill()),
      start: () => {
        process = start()
      },
    }
  }
  const many = (count: number, args: readonly string[]): Promise<Role[]> =>
    Promise.all(Array.from({ length: count }, () => role(args)))
  const watchers = await many(options.watchers ?? 2, ['watcher', '--site', 'east', ...source])
  const publishers = await many(options.publishers ?? 2, ['publisher'])
  const edges = await many(options.edges ?? 2, ['edge'])
  const all = [...watchers, ...publishers, ...edges]
  return {
    watchers,
    publishers,
    edges,
    ready: async () => {
      await Promise.all(all.map(({ process }) => (process().isRunning() ? process().ready(30_000) : undefined)))
    },
    leader: () =>
      waitFor('a watcher that leads', async () => {
        for (const watcher of watchers) {
          if (!watcher.process().isRunning()) continue
          const { body } = await watcher.process().ask('/status')
          if (/"standing":\s*"leads"/.test(body)) return watcher
        }
        return undefined
      }),
    [Symbol.asyncDispose]: async () => {
      for (const { process } of all) process().signal('SIGCONT')
      await Promise.all(all.map(({ process }) => process().kill()))
    },
  }
}
