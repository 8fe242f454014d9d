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
  let position: Position | undefined
  try {
    while (!signal.aborted) {
      try {
        for (const news of await nextNews(deps, connection, position)) {
          position = news.kind === 'state' ? news.state.position : news.event.position
          yield news
          if (signal.aborted) return
        }
        backoff.reset()
        if (position === undefined) await pause(clock, deps.compareMs / 10, signal)
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

/** What there is after the position; nothing where nothing came in a while. */
async function nextNews(
  deps: FollowDeps,
  connection: RedisConnection,
  position: Position | undefined,
): Promise<readonly LogNews[]> {
  const { codec, site, keys, compareMs } = deps
  if (position === undefined) return readAll(deps)
  const from = streamId(position.n)
  const block = ['COUNT', ENTRIES_MAX, 'BLOCK', compareMs, 'STREAMS', keys.events, from]
  const reply = (await connection.callBuffer('XREAD', ...block)) as [Buffer, RawEntry[]][] | null
  const entries = (reply?.[0]?.[1] ?? []).map(parseEntry)
  if (entries.length === 0) return (await isSame(deps, position)) ? [] : readAll(deps)
  for (const [i, entry] of entries.entries()) {
    checkFormat(keys.events, entry.version)
    const isNext = entry.generation === position.generation && entry.n === position.n + 1 + i
    if (!isNext || entry.body === undefined) return readAll(deps)
  }
  return entries.map((entry) => ({ kind: 'event', event: eventOf(codec, site, entry) }))
}

async function readAll({ link, codec, site, keys }: FollowDeps): Promise<readonly LogNews[]> {
  const state = await readState({ redis: link.commands, codec, site, keys })
  return state ? [{ kind: 'state', state }] : []
}

/** A log that is gone altogether is waited for: what is known stays (rule 2). */
async function isSame({ link, keys }: FollowDeps, position: Position): Promise<boolean> {
  const head = await readHead(link.commands, keys)
  return head === undefined || (head.generation === position.generation && head.n >= position.n)
}
