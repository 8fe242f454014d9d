// Opens Redis: one server, a cluster or sentinels, by URL. The one place that knows the client library, its traps, and
// the credentials, which it never puts into a log or an error.
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { createBackoff } from '../runtime/backoff.ts'
import { type Clock, pause, type Random, systemClock } from '../runtime/clock.ts'
import { type Logger, silentLogger } from '../runtime/logger.ts'
import { createConnection, type RedisClient } from './redis-connection.ts'
import type { ConnectionKind, RedisConnection, RedisLink } from './redis-link.ts'
import { describeTarget, parseRedisUrl, type RedisTarget } from './redis-url.ts'

export interface OpenRedisOptions {
  readonly logger?: Logger
  readonly clock?: Clock
  readonly random?: Random
  /** CLIENT SETNAME of every connection, so that an operator sees who is there. */
  readonly name?: string
}

/** Adds to the link what only the job queue needs. */
export interface OpenedRedis extends RedisLink {
  /** A client of the library itself, for a library that wants one. Ended with the link at the latest. */
  client(kind: ConnectionKind): RedisClient
}

/** A command that got no answer for so long has failed for its caller; Redis may still run it. */
const COMMAND_TIMEOUT_MS = 10_000
/** A connection that owes an answer for so long is dead, whatever TCP says; it is opened again. */
const SILENCE_MS = 8_000
const RETRY_MIN_MS = 50
const RETRY_MAX_MS = 2_000
const HEALTH_TIMEOUT_MS = 1_000

/** Returns at once; throws only for a URL that is none. */
export function openRedis(url: string, options: OpenRedisOptions = {}): OpenedRedis {
  const { logger = silentLogger, clock = systemClock, random = Math.random, name = 'fleetcast' } = options
  const target = parseRedisUrl(url)
  const open = new Set<RedisClient>()
  const connections = new Set<RedisConnection>()
  const watch = watchOutages(describeTarget(target), logger)

  const client = (kind: ConnectionKind): RedisClient => {
    const made = createClient(target, kind, name, random)
    open.add(made)
    made.on('end', () => open.delete(made))
    made.on('error', (error: Error) => watch.failed(error))
    made.on('ready', () => watch.worked())
    return made
  }
  const connect = (kind: ConnectionKind): RedisConnection => {
    const made = client(kind)
    const connection = createConnection(made)
    connections.add(connection)
    made.on('end', () => connections.delete(connection))
    return connection
  }
  const commands = connect('command')

  const health = async (): Promise<string | undefined> => {
    const limit = new AbortController()
    const answer = commands.call('INFO', 'server').then(
      (info) => unfitness(String(info)),
      (error: Error) => error.message,
    )
    const timeout = pause(clock, HEALTH_TIMEOUT_MS, limit.signal).then(() => 'no answer')
    const problem = await Promise.race([answer, timeout])
    limit.abort()
    return problem === undefined ? undefined : `${describeTarget(target)}: ${watch.lastError() ?? problem}`
  }
  return {
    isCluster: target.kind === 'cluster',
    commands,
    connect,
    client,
    health,
    async ready(signal) {
      const backoff = createBackoff({ minMs: RETRY_MIN_MS, maxMs: RETRY_MAX_MS, random })
      while (!signal?.aborted && (await health()) !== undefined) await pause(clock, backoff.next(), signal)
    },
    async close() {
      for (const each of open) {
        each.disconnect()
        failWaiting(each)
      }
    },
  }
}

function createClient(target: RedisTarget, kind: ConnectionKind, name: string, random: Random): RedisClient {
  const retryMs = (times: number): number => {
    const delayMs = Math.min(RETRY_MIN_MS * 2 ** Math.min(times - 1, 10), RETRY_MAX_MS)
    return delayMs / 2 + (random() * delayMs) / 2
  }
  const options = {
    connectionName: `${name}-${kind}`,
    // Replies of one shape: the newer protocol answers maps where the older one has lists.
    protocol: 2 as const,
    // Commands wait for Redis to come back; what may not wait has a command timeout.
    maxRetriesPerRequest: null,
    connectTimeout: 5_000,
    keepAlive: 10_000,
    socketTimeout: SILENCE_MS,
    // A blocking read against a frozen server would never settle without these.
    ...(kind === 'blocking' ? { blockingTimeout: SILENCE_MS, blockingTimeoutGrace: 2_000 } : {}),
    ...(kind === 'command' ? { commandTimeout: COMMAND_TIMEOUT_MS } : {}),
    // Whoever listens subscribes again after `ready`, and compares after that: nothing is lost in between.
    autoResubscribe: target.kind === 'cluster',
    // After a failover the old master answers READONLY: connect anew, and send the command again.
    reconnectOnError: (error: Error) => (error.message.startsWith('READONLY') ? (2 as const) : false),
    ...(target.username === undefined ? {} : { username: target.username }),
    ...(target.password === undefined ? {} : { password: target.password }),
    ...(target.tls ? { tls: {} } : {}),
  } satisfies RedisOptions
  switch (target.kind) {
    case 'single':
      return new Redis({ ...options, ...target.address, db: target.db, retryStrategy: retryMs })
    case 'sentinel':
      return new Redis({
        ...options,
        sentinels: [...target.addresses],
        name: target.master,
        db: target.db,
        enableTLSForSentinelMode: target.tls,
        retryStrategy: retryMs,
        sentinelRetryStrategy: retryMs,
      })
    case 'cluster':
      return new Cluster([...target.addresses], {
        clusterRetryStrategy: retryMs,
        shardedSubscribers: kind === 'messages',
        redisOptions: options,
        ...(target.tls ? { dnsLookup: (address, callback) => callback(null, address) } : {}),
      })
  }
}

/** A client that is between two tries forgets to fail what waits for it; a process that ends would wait for nothing. */
function failWaiting(client: RedisClient): void {
  // Not among its types; where another version lacks it, waiting commands run into their timeout.
  const { flushQueue } = client as unknown as { readonly flushQueue?: (error: Error) => void }
  flushQueue?.call(client, new Error('the connection to Redis was closed'))
}

const OLDEST_MAJOR = 7

/** What makes a server unfit, by its INFO. */
function unfitness(info: string): string | undefined {
  const version = /^redis_version:(\d+)\.(\S+)/m.exec(info)
  if (version?.[1] === undefined || Number(version[1]) >= OLDEST_MAJOR) return undefined
  return `is version ${version[1]}.${version[2]}; ${OLDEST_MAJOR}.0 or newer is needed`
}

/** Logs an outage once when it begins and once when it ends, however many connections see it. */
function watchOutages(where: string, logger: Logger) {
  let since: string | undefined
  return {
    failed(error: Error): void {
      // The message only: the error of a refused login carries the command with its password.
      const message = error.message || (error as { readonly code?: string }).code || error.name
      if (since === undefined) logger.warn({ redis: where, error: message }, 'Redis can not be reached; trying again')
      since = message
    },
    worked(): void {
      if (since !== undefined) logger.info({ redis: where }, 'Redis can be reached again')
      since = undefined
    },
    lastError: (): string | undefined => since,
  }
}
