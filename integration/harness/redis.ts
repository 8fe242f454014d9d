// A real redis-server of a test's own, on a free port, with the faults that tests put it through. Keeps nothing on disk.
import { Redis } from 'ioredis'
import { type Child, startChild } from './child.ts'
import { freePort } from './free-port.ts'
import { redisPath } from './machine.ts'
import { type TempFolder, tempFolder } from './temp-folder.ts'

export interface RedisServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** A connection of the test's own, for looking and for breaking. Stays through restarts. */
  readonly client: Redis
  readonly child: () => Child
  /** Everything gone, the server stays. */
  flush(): Promise<void>
  /** kill -9. */
  kill(): Promise<void>
  /** Starts it again on the same port, empty. */
  restart(): Promise<void>
  /** Connections stay open and nothing answers, until `resume`. */
  pause(): void
  resume(): void
  /** Commands that clients have sent so far, less the ones that this asks with. */
  commands(): Promise<number>
}

export async function startRedis(): Promise<RedisServer> {
  const folder = tempFolder()
  const port = await freePort()
  let child = await start(port, folder)
  const client = new Redis({ port, host: '127.0.0.1', maxRetriesPerRequest: null, retryStrategy: () => 50 })
  // Without a listener a connection that is refused while the server is down would end the test process.
  client.on('error', () => {})
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    client,
    child: () => child,
    flush: async () => void (await client.flushall()),
    kill: async () => void (await child.kill()),
    restart: async () => {
      await child.kill()
      child = await start(port, folder)
    },
    pause: () => child.signal('SIGSTOP'),
    resume: () => child.signal('SIGCONT'),
    commands: async () => {
      const stats = await client.info('commandstats')
      return [...stats.matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm)]
        .filter(([, name]) => name !== 'info')
        .reduce((sum, [, , calls]) => sum + Number(calls), 0)
    },
    [Symbol.asyncDispose]: async () => {
      client.disconnect()
      child.signal('SIGCONT')
      await child.kill()
      folder[Symbol.dispose]()
    },
  }
}

async function start(port: number, folder: TempFolder): Promise<Child> {
  const child = startChild({
    command: redisPath() ?? 'redis-server',
    args: [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder.path, '--save', '', '--appendonly', 'no'],
      // BullMQ refuses to be quiet about anything else, and a store must not lose keys.
      ...['--maxmemory-policy', 'noeviction'],
    ],
  })
  await child.line(/Ready to accept connections/)
  return child
}
