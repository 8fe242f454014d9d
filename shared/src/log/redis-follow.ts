// Follows one site's log in Redis over a blocking connection of its own: the state, then every event, and the state again
// after a gap, a loss or a new generation. Never ends but by its signal.

import { checkFormat } from '../redis/format.ts'
import type { RedisConnection, RedisLink } from '../redis/redis-link.ts'
import { createBackoff } from '../runtime/backoff.ts'
import { type Clock, pause, type Random } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import type { ObjectCodec } from './object-codec.ts'
import type { LogNews, Position } from './object-log.ts'
import { eventOf, type LogKeys, parseEntry, type RawEntry, readHead, readState, streamId } from './redis-read.ts'

export interface FollowDeps {
  readonly link: RedisLink
  readonly codec: ObjectCodec
  readonly logger: Logger
  readonly clock: Clock
  readonly random: Random
  readonly site: string
  readonly keys: LogKeys
  /** A read waits so long for an event, then the head is compared: a log that was lost and began anew is told by it. */
  readonly compareMs: number
}

const ENTRIES_MAX = 500

export async function* followLog(deps: FollowDeps, signal: AbortSignal): AsyncGenerator<LogNews> {
  const { link, logger, clock, random, site } = deps
  const backoff = createBackoff({ minMs: 20, maxMs: 2_000, random })
  const connection = link.connect('blocking')
  const end = (): void => connection.close()
  signal.addEventListener('abort', end, { once: true })
  let known: Known | undefined
  try {
    while (!signal.aborted) {
      try {
        for (const { news, request } of await nextNews(deps, connection, known)) {
          known = { request, ...(news.kind === 'state' ? news.state.position : news.event.position) }
          yield news
          if (signal.aborted) return
        }
        backoff.reset()
        if (known === undefined) await pause(clock, deps.compareMs / 10, signal)
      } catch (error) {
        if (signal.aborted) return
        logger.warn({ site, error: error instanceof Error ? error.message : String(error) }, 'the log can not be read')
        await pause(clock, backoff.next(), signal)
      }
    }
  } finally {
    signal.removeEventListener('abort', end)
    end()
  }
}

/** Where a follower stands, and by which request it came there. */
interface Known extends Position {
  readonly request: string
}
interface Heard {
  readonly news: LogNews
  readonly request: string
}

/** What there is after the position; nothing where nothing came in a while. */
async function nextNews(
  deps: FollowDeps,
  connection: RedisConnection,
  known: Known | undefined,
): Promise<readonly Heard[]> {
  const { codec, site, keys, compareMs } = deps
  if (known === undefined) return readAll(deps)
  const block = ['COUNT', ENTRIES_MAX, 'BLOCK', compareMs, 'STREAMS', keys.events, streamId(known.n)]
  const reply = (await connection.callBuffer('XREAD', ...block)) as [Buffer, RawEntry[]][] | null
  const entries = (reply?.[0]?.[1] ?? []).map(parseEntry)
  if (entries.length === 0) return (await isSame(deps, known)) ? [] : readAll(deps)
  let { n, request } = known
  for (const entry of entries) {
    checkFormat(keys.events, entry.version)
    const isNext = entry.generation === known.generation && entry.n === n + 1 && entry.after === request
    if (!isNext || entry.body === undefined) return readAll(deps)
    n = entry.n
    request = entry.request
  }
  return entries.map((entry) => ({
    news: { kind: 'event', event: eventOf(codec, site, entry) },
    request: entry.request,
  }))
}

async function readAll({ link, codec, site, keys }: FollowDeps): Promise<readonly Heard[]> {
  const read = await readState({ redis: link.commands, codec, site, keys })
  return read ? [{ news: { kind: 'state', state: read.state }, request: read.request }] : []
}

/** A log that is gone altogether is waited for: what is known stays (rule 2). */
async function isSame({ link, keys }: FollowDeps, known: Known): Promise<boolean> {
  const head = await readHead(link.commands, keys)
  if (head === undefined) return true
  if (head.generation !== known.generation || head.n < known.n) return false
  return head.n > known.n || head.request === known.request
}
