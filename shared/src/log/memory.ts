// The object log of one process: the embedded form, and every test that is not about Redis. Objects and events are
// shared by reference and never changed in place. Followers hear of an append before it resolves.
import { randomUUID } from 'node:crypto'
import type { KubeObject, ObjectKey } from '../objects/object.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { type ClaimGroup, createClaimGroup } from './claim-group.ts'
import type { AppendResult, LogEvent, LogNews, LogState, ObjectLog, Position } from './object-log.ts'

export interface MemoryLogOptions {
  readonly clock?: Clock
  /** After so long a claimed event is handed to another claimer. */
  readonly claimTimeoutMs?: number
  /** A follower that is more events behind than this gets the state in their place. */
  readonly eventsKept?: number
}

export interface MemoryLog extends ObjectLog {
  /** Loses everything, as an emptied Redis does. */
  forget(): void
}

interface Follower {
  readonly waiting: LogNews[]
  /** Set while the follower waits for news. */
  wake: (() => void) | undefined
}

interface SiteLog {
  epoch: number
  /** Undefined where there is no log, or it was lost. */
  position: Position | undefined
  objects: Map<ObjectKey, KubeObject>
  synced: boolean
  readonly followers: Set<Follower>
  readonly claims: ClaimGroup
}

export function createMemoryLog(options: MemoryLogOptions = {}): MemoryLog {
  const { clock = systemClock, claimTimeoutMs = 10_000, eventsKept = 1_000 } = options
  const logs = new Map<string, SiteLog>()
  const closing = new AbortController()

  const logOf = (site: string): SiteLog => {
    const known = logs.get(site)
    if (known) return known
    const claims = createClaimGroup({ clock, claimTimeoutMs, eventsKept })
    const made = {
      epoch: 0,
      position: undefined,
      objects: new Map(),
      synced: false,
      followers: new Set<Follower>(),
      claims,
    }
    logs.set(site, made)
    return made
  }
  const create = (log: SiteLog): Position => {
    log.position = { generation: randomUUID().slice(0, 8), n: 0 }
    log.objects = new Map()
    log.synced = false
    log.claims.clear()
    tellState(log)
    return log.position
  }
  const tellState = (log: SiteLog): void => {
    const state = stateOf(log)
    if (state) for (const follower of log.followers) replaceWith(follower, state)
  }
  const tellEvent = (log: SiteLog, event: LogEvent): void => {
    for (const follower of log.followers) {
      const state = follower.waiting.length >= eventsKept ? stateOf(log) : undefined
      if (state) replaceWith(follower, state)
      else {
        follower.waiting.push({ kind: 'event', event })
        follower.wake?.()
      }
    }
  }
  /** Undefined where the leader still leads this very log. */
  const refusal = (log: SiteLog, epoch: number, base: Position): AppendResult | undefined => {
    if (epoch < log.epoch) return { kind: 'deposed' }
    if (log.position?.generation !== base.generation || log.position.n !== base.n) return { kind: 'lost' }
    return undefined
  }

  return {
    acceptsSecrets: true,
    async elect(site) {
      const log = logOf(site)
      log.epoch += 1
      if (log.position === undefined) create(log)
      return log.epoch
    },
    async append({ site, epoch, base, changes, synced }) {
      const log = logOf(site)
      const refused = refusal(log, epoch, base)
      if (refused) return refused
      if (changes.length === 0 && !synced) return { kind: 'appended', position: base }
      const position = { generation: base.generation, n: base.n + 1 }
      log.position = position
      for (const { key, object } of changes) {
        if (object === undefined) log.objects.delete(key)
        else log.objects.set(key, object)
      }
      if (synced) log.synced = true
      const event = { position, changes, ...(synced ? { synced } : {}) }
      tellEvent(log, event)
      // Followers hurry, who claims or appends does not: its turn comes after theirs.
      await new Promise((resolve) => setImmediate(resolve))
      if (log.position?.generation === position.generation) log.claims.offer(event)
      return { kind: 'appended', position }
    },
    async heartbeat(site, epoch, position) {
      return refusal(logOf(site), epoch, position) ?? { kind: 'appended', position }
    },
    async renew(site, epoch) {
      const log = logOf(site)
      if (epoch < log.epoch) return { kind: 'deposed' }
      log.epoch = epoch
      return { kind: 'appended', position: create(log) }
    },
    async read(site) {
      return stateOf(logOf(site))
    },
    follow(site, signal) {
      return followSite(logOf(site), AbortSignal.any([signal, closing.signal]))
    },
    async sites() {
      return [...logs].filter(([, log]) => log.position !== undefined).map(([site]) => site)
    },
    async claim(site, handle, signal) {
      await logOf(site).claims.work(handle, AbortSignal.any([signal, closing.signal]))
    },
    forget() {
      for (const log of logs.values()) {
        Object.assign(log, { position: undefined, objects: new Map(), synced: false })
        log.claims.clear()
      }
    },
    async close() {
      closing.abort()
    },
  }
}

function stateOf({ position, objects, synced }: SiteLog): LogState | undefined {
  return position && { position, objects: new Map(objects), synced }
}

function replaceWith(follower: Follower, state: LogState): void {
  follower.waiting.length = 0
  follower.waiting.push({ kind: 'state', state })
  follower.wake?.()
}

async function* followSite(log: SiteLog, signal: AbortSignal): AsyncGenerator<LogNews> {
  const follower: Follower = { waiting: [], wake: undefined }
  const first = stateOf(log)
  if (first) replaceWith(follower, first)
  log.followers.add(follower)
  const onAbort = (): void => follower.wake?.()
  signal.addEventListener('abort', onAbort)
  try {
    while (!signal.aborted) {
      const news = follower.waiting.shift()
      if (news) yield news
      else {
        await new Promise<void>((resolve) => {
          follower.wake = resolve
        })
        follower.wake = undefined
      }
    }
  } finally {
    log.followers.delete(follower)
    signal.removeEventListener('abort', onAbort)
  }
}
