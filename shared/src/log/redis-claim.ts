// Claims a site's events through a consumer group in Redis: each event to one of all claimers, at least once. An event
// whose claimer died or hangs is taken over. Never ends but by its signal.
import { checkFormat } from '../redis/format.ts'
import type { RedisConnection } from '../redis/redis-link.ts'
import { createBackoff } from '../runtime/backoff.ts'
import { pause } from '../runtime/clock.ts'
import type { ClaimHandler } from './claim-group.ts'
import type { FollowDeps } from './redis-follow.ts'
import { eventOf, parseEntry, type RawEntry } from './redis-read.ts'
import { GROUP } from './redis-scripts.ts'

export interface ClaimDeps extends Omit<FollowDeps, 'compareMs'> {
  /** Unique to this claimer. */
  readonly consumer: string
  readonly claimTimeoutMs: number
}

const ENTRIES_MAX = 200
const BLOCK_MAX_MS = 5_000
/** Consumers that own nothing and did not ask for so many time-outs are forgotten. */
const IDLE_TIMEOUTS = 60

export async function claimEvents(deps: ClaimDeps, handle: ClaimHandler, signal: AbortSignal): Promise<void> {
  const { link, logger, clock, random, site } = deps
  const backoff = createBackoff({ minMs: 50, maxMs: 2_000, random })
  const connection = link.connect('blocking')
  const end = (): void => connection.close()
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  // After a lost connection a reply may have been lost with it: what was handed to us stands in our own pending list.
  let readsOwn = false
  let nextTakeover = clock.now() + deps.claimTimeoutMs
  while (!signal.aborted) {
    try {
      if (clock.now() >= nextTakeover) {
        nextTakeover = clock.now() + deps.claimTimeoutMs / 2
        await settle(deps, await takeOver(deps), handle)
      }
      const entries: readonly RawEntry[] = readsOwn ? await readOwn(deps) : await readNew(deps, connection)
      readsOwn = readsOwn && entries.length > 0
      await settle(deps, entries, handle)
      backoff.reset()
    } catch (error) {
      readsOwn = true
      if (signal.aborted) break
      const message = error instanceof Error ? error.message : String(error)
      // A site that has no log yet has no group either: nothing to claim, nothing wrong.
      if (!message.startsWith('NOGROUP')) logger.warn({ site, error: message }, 'events can not be claimed')
      await pause(clock, backoff.next(), signal)
    }
  }
  signal.removeEventListener('abort', end)
}

async function settle(deps: ClaimDeps, raw: readonly RawEntry[], handle: ClaimHandler): Promise<void> {
  if (raw.length === 0) return
  const { link, codec, site, keys } = deps
  const entries = raw.map(parseEntry)
  // Entries that were trimmed while they were pending have no generation left.
  const events = entries.filter((entry) => entry.generation !== undefined)
  for (const { version } of events) checkFormat(keys.events, version)
  if (events.length > 0) await handle(events.map((entry) => eventOf(codec, site, entry)))
  await link.commands.call('XACK', keys.events, GROUP, ...entries.map(({ id }) => id))
}

async function readNew(deps: ClaimDeps, connection: RedisConnection): Promise<readonly RawEntry[]> {
  const { consumer, keys, claimTimeoutMs } = deps
  const blockMs = Math.max(1, Math.min(BLOCK_MAX_MS, Math.floor(claimTimeoutMs / 2)))
  const options = ['GROUP', GROUP, consumer, 'COUNT', ENTRIES_MAX, 'BLOCK', blockMs, 'STREAMS', keys.events, '>']
  return entriesOf(await connection.callBuffer('XREADGROUP', ...options))
}

async function readOwn({ link, consumer, keys }: ClaimDeps): Promise<readonly RawEntry[]> {
  const options = ['GROUP', GROUP, consumer, 'COUNT', ENTRIES_MAX, 'STREAMS', keys.events, '0']
  return entriesOf(await link.commands.callBuffer('XREADGROUP', ...options))
}

const entriesOf = (reply: unknown): readonly RawEntry[] => (reply as [Buffer, RawEntry[]][] | null)?.[0]?.[1] ?? []

/** Takes what others left unsettled for too long, and forgets consumers that are gone. */
async function takeOver({ link, consumer, keys, claimTimeoutMs }: ClaimDeps): Promise<readonly RawEntry[]> {
  const { commands } = link
  const options = [keys.events, GROUP, consumer, claimTimeoutMs, '0-0', 'COUNT', ENTRIES_MAX]
  const [, entries] = (await commands.callBuffer('XAUTOCLAIM', ...options)) as [Buffer, RawEntry[]]
  const consumers = (await commands.call('XINFO', 'CONSUMERS', keys.events, GROUP)) as (string | number)[][]
  for (const fields of consumers) {
    const [name, pending, idleMs] = ['name', 'pending', 'idle'].map((field) => fields[fields.indexOf(field) + 1])
    if (pending !== 0 || Number(idleMs) < claimTimeoutMs * IDLE_TIMEOUTS) continue
    await commands.call('XGROUP', 'DELCONSUMER', keys.events, GROUP, String(name))
  }
  return entries
}
