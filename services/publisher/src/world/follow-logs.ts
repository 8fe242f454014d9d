// Follows the log of every site, new ones included, into the world, and claims its events, so that each is rung for by
// one publisher. Remembers for a while which sets an event touched.
import type { LogEvent, LogNews, ObjectLog, Position } from '@fleetcast/shared/log/object-log'
import { createBackoff } from '@fleetcast/shared/runtime/backoff'
import { type Clock, pause, type Random } from '@fleetcast/shared/runtime/clock'
import { reasonOf } from '@fleetcast/shared/runtime/failure'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import { hasReached } from '@fleetcast/shared/store/positions'
import type { Positions, SetName } from '@fleetcast/shared/store/set-store'
import type { World } from './world.ts'

export interface FollowLogsOptions {
  readonly log: ObjectLog
  readonly world: World
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly signal: AbortSignal
  /** Takes the news into the world; returns the sets that it touched. Called in order and synchronously. */
  readonly onNews: (site: string, news: LogNews) => readonly SetName[]
  /** Rings for sets; `undefined` for all of them. */
  readonly ring: (sets: readonly SetName[] | undefined, positions: Positions) => Promise<void>
  /** Of the sets that an event touched, those that are not committed without a job. */
  readonly unfinished: (sets: readonly SetName[], positions: Positions) => Promise<readonly SetName[]>
}

export interface FollowedLogs {
  /** Resolves true once every site has been heard up to its position, false when that takes too long. */
  reached(positions: Positions): Promise<boolean>
  /** Resolves once every site that had a log at the start has told its state. */
  readonly discovered: Promise<void>
}

const SITES_POLL_MS = 1_000
const FIRST_SITE_POLL_MS = 20
const REACH_TIMEOUT_MS = 3_000
/** Events whose sets are remembered, by site. */
const EVENTS_KEPT = 10_000

interface Waiter {
  readonly site: string
  readonly position: Position
  readonly resolve: (reached: boolean) => void
}

export function followLogs(options: FollowLogsOptions): FollowedLogs {
  const { log, world, clock, random, logger, signal, onNews, ring, unfinished } = options
  const followed = new Set<string>()
  const touchedBy = new Map<string, readonly SetName[]>()
  const waiters = new Set<Waiter>()
  const first = new Map<string, PromiseWithResolvers<void>>()
  const found = Promise.withResolvers<void>()
  const backoff = createBackoff({ minMs: 100, maxMs: 5_000, random })

  function heard(site: string, news: LogNews): void {
    const sets = onNews(site, news)
    first.get(site)?.resolve()
    if (news.kind === 'event') remember(site, news.event, sets)
    else if (sets.length > 0) report(ring(sets, world.positions()))
    for (const waiter of waiters) {
      if (waiter.site === site && hasReached(world.heard(site), waiter.position)) waiter.resolve(true)
    }
  }
  function remember(site: string, { position }: LogEvent, sets: readonly SetName[]): void {
    touchedBy.set(eventId(site, position), sets)
    if (touchedBy.size > EVENTS_KEPT) touchedBy.delete(touchedBy.keys().next().value ?? '')
  }
  async function follow(site: string): Promise<void> {
    for await (const news of log.follow(site, signal)) heard(site, news)
  }
  async function claim(site: string, events: readonly LogEvent[]): Promise<void> {
    const last = events.at(-1)?.position
    if (!last) return
    await reachedOne(site, last)
    const known = events.map(({ position }) => touchedBy.get(eventId(site, position)))
    // Read as a state, or claimed by one who died: nobody knows what it touched.
    const isKnown = !known.includes(undefined)
    const touched = [...new Set(known.flatMap((each) => each ?? []))]
    const sets = isKnown ? await unfinished(touched, { [site]: last }) : undefined
    if (sets === undefined || sets.length > 0) await ring(sets, { [site]: last })
  }
  async function discover(): Promise<void> {
    while (!signal.aborted) {
      try {
        for (const site of await log.sites()) {
          if (followed.has(site)) continue
          followed.add(site)
          first.set(site, Promise.withResolvers())
          report(follow(site))
          report(log.claim(site, (events) => claim(site, events), signal))
        }
        found.resolve()
        backoff.reset()
        await pause(clock, followed.size === 0 ? FIRST_SITE_POLL_MS : SITES_POLL_MS, signal)
      } catch (error) {
        logger.warn({ reason: reasonOf(error) }, 'the sites can not be read')
        await pause(clock, backoff.next(), signal)
      }
    }
  }
  function report(task: Promise<void>): void {
    task.catch((error: unknown) => {
      if (!signal.aborted) logger.error({ reason: reasonOf(error) }, 'following a log failed')
    })
  }
  function reachedOne(site: string, position: Position): Promise<boolean> {
    // What is carried over from a lost log stands at that log's position.
    if (hasReached(world.heard(site), position) || hasReached(world.positions()[site], position))
      return Promise.resolve(true)
    return new Promise((resolve) => {
      const done = (reached: boolean): void => {
        waiters.delete(waiter)
        cancel()
        signal.removeEventListener('abort', giveUp)
        resolve(reached)
      }
      const giveUp = (): void => done(false)
      const waiter: Waiter = { site, position, resolve: done }
      const cancel = clock.after(REACH_TIMEOUT_MS, () => done(false))
      waiters.add(waiter)
      signal.addEventListener('abort', giveUp, { once: true })
    })
  }

  report(discover())
  return {
    discovered: found.promise.then(async () => {
      await Promise.all([...first.values()].map(({ promise }) => promise))
    }),
    async reached(positions) {
      const all = await Promise.all(Object.entries(positions).map(([site, at]) => reachedOne(site, at)))
      return all.every((each) => each)
    },
  }
}

const eventId = (site: string, { generation, n }: Position): string => `${site} ${generation} ${n}`
