// The object log in Redis. Every write is one script, so an append is seen whole or not at all (rule 4), and a deposed leader's
// is refused. Values of ConfigMaps and Secrets are sealed where there is a key (rule 8).
import { randomUUID } from 'node:crypto'
import { FORMAT } from '../redis/format.ts'
import { frame } from '../redis/frames.ts'
import type { RedisArgument, RedisLink, RedisScript } from '../redis/redis-link.ts'
import { type Clock, type Random, systemClock } from '../runtime/clock.ts'
import { type Logger, silentLogger } from '../runtime/logger.ts'
import { createSealer } from '../runtime/seal.ts'
import { createObjectCodec } from './object-codec.ts'
import type { AppendResult, ObjectLog, Position } from './object-log.ts'
import { claimEvents } from './redis-claim.ts'
import { followLog } from './redis-follow.ts'
import { logKeys, readState } from './redis-read.ts'
import { APPEND, ELECT, RENEW } from './redis-scripts.ts'

export interface RedisLogOptions {
  /** Shared with the other adapters; it is not closed with the log. */
  readonly redis: RedisLink
  /** Starts every key. */
  readonly prefix?: string
  /** 32 bytes. Without it Secrets are not accepted and ConfigMaps stand in the clear. */
  readonly sealKey?: Uint8Array | undefined
  readonly logger?: Logger
  readonly clock?: Clock
  readonly random?: Random
  readonly claimTimeoutMs?: number
  /** About so many events can be followed without reading the state again. */
  readonly eventsKept?: number
  /** How soon a follower notices that the log began anew while nothing else came. */
  readonly compareMs?: number
}

/** A larger event is not kept in the stream: followers read the state, which then costs no more than the event. */
const EVENT_BYTES_MAX = 1_000_000

export function createRedisLog(options: RedisLogOptions): ObjectLog {
  const { redis: link, prefix = 'fleetcast', sealKey, logger = silentLogger, clock = systemClock } = options
  const { random = Math.random, claimTimeoutMs = 5_000, eventsKept = 5_000, compareMs = 1_000 } = options
  const codec = createObjectCodec(sealKey && createSealer(sealKey))
  const closing = new AbortController()
  const sitesKey = `${prefix}:log:sites`

  const run = async (script: RedisScript, site: string, args: readonly RedisArgument[]): Promise<readonly string[]> => {
    const { head, objects, events } = logKeys(prefix, site)
    const reply = (await link.commands.run(script, [head, objects, events], [FORMAT, ...args])) as readonly string[]
    if (reply[0] === 'format') throw new Error(newerFormat(site, reply[1]))
    return reply
  }
  const append = async (site: string, epoch: number, base: Position, synced: boolean, body: Buffer) => {
    const args = [
      base.generation,
      base.n,
      epoch,
      randomUUID().slice(0, 8),
      synced ? '1' : '',
      body,
      eventsKept,
      EVENT_BYTES_MAX,
    ]
    return resultOf(await run(APPEND, site, args))
  }
  const shared = { link, codec, logger, clock, random }
  const until = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, closing.signal])

  return {
    acceptsSecrets: sealKey !== undefined,
    async elect(site) {
      const [, epoch] = await run(ELECT, site, [newGeneration()])
      await link.commands.call('SADD', sitesKey, site)
      return Number(epoch)
    },
    append({ site, epoch, base, changes, synced = false }) {
      const parts = changes.flatMap(({ key, object }) => [
        Buffer.from(key),
        object === undefined ? Buffer.alloc(0) : codec.encode(object),
      ])
      return append(site, epoch, base, synced, frame(parts))
    },
    heartbeat(site, epoch, position) {
      return append(site, epoch, position, false, Buffer.alloc(0))
    },
    async renew(site, epoch) {
      const reply = await run(RENEW, site, [newGeneration(), epoch])
      await link.commands.call('SADD', sitesKey, site)
      return resultOf(reply)
    },
    async read(site) {
      return (await readState({ redis: link.commands, codec, site, keys: logKeys(prefix, site) }))?.state
    },
    follow(site, signal) {
      return followLog({ ...shared, site, keys: logKeys(prefix, site), compareMs }, until(signal))
    },
    async sites() {
      return (await link.commands.call('SMEMBERS', sitesKey)) as string[]
    },
    async claim(site, handle, signal) {
      const consumer = randomUUID()
      await claimEvents(
        { ...shared, site, keys: logKeys(prefix, site), consumer, claimTimeoutMs },
        handle,
        until(signal),
      )
    },
    async close() {
      closing.abort()
    },
  }
}

const newGeneration = (): string => randomUUID().slice(0, 8)
const newerFormat = (site: string, format = '?'): string =>
  `the log of site ${site} has format ${format}, written by a newer Fleetcast; this one knows ${FORMAT}: upgrade it`

function resultOf([kind, generation = '', n]: readonly string[]): AppendResult {
  if (kind === 'appended') return { kind, position: { generation, n: Number(n) } }
  return { kind: kind === 'deposed' ? 'deposed' : 'lost' }
}
