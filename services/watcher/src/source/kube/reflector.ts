// Lists and watches one query of an API server, for as long as it may. Tells whole lists and single changes in order; a list
// that was cut off is told nothing of (rule 2). Goes on through every failure with a back-off that only lasting success resets.
import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { KubeObject, ObjectChange, ObjectKey } from '@fleetcast/shared/objects/object'
import { createBackoff } from '@fleetcast/shared/runtime/backoff'
import { afterSilence, type Clock, pause, type Random } from '@fleetcast/shared/runtime/clock'
import { reasonOf } from '@fleetcast/shared/runtime/failure'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import { apiFailure, isApiFailure, isExpired } from './api-failure.ts'
import type { ApiServer } from './api-server.ts'
import { createLines } from './lines.ts'
import { listPages } from './list-pages.ts'
import type { Query } from './query.ts'
import type { Reading } from './reading.ts'
import { readWatchEvent } from './watch-event.ts'

/** The server ends a watch after a random time in this range; one that has not ended so much later is cut. */
const WATCH_SECONDS = { min: 300, max: 600 }
const HARD_END_MS = 5_000
/** Bookmarks come about every minute; a watch that is silent for longer has a dead connection. */
const SILENCE_MS = 150_000
/** A server that knows nothing of WatchList and says nothing of it never ends the list. */
const LIST_MS = 60_000
/** A session that lived so long was a success. */
const LASTING_MS = 5_000
const MAX_RETRY_AFTER_MS = 60_000

export interface ReflectorSink {
  listed(objects: ReadonlyMap<ObjectKey, KubeObject>): void
  changed(change: ObjectChange): void
  /** Why the query can't be read at present; undefined once it can. */
  waiting(reason: string | undefined): void
}

export interface ReflectorDeps {
  readonly api: ApiServer
  readonly query: Query
  readonly reading: Reading
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** False: list in pages, for servers without WatchList; found out by itself where true. */
  readonly watchList?: boolean
}

export interface Reflector {
  run(sink: ReflectorSink, signal: AbortSignal): Promise<void>
  /** When the last event, bookmark or list came; undefined before the first. */
  heardAt(): number | undefined
}

/** Where a session stands: undefined until a list is complete. */
interface Progress {
  version: string | undefined
}

export function createReflector(deps: ReflectorDeps): Reflector {
  const { api, query, reading, clock, random, logger } = deps
  // Outlives a run: a watcher that loses and regains its lead does not start to hammer a server in trouble.
  const backoff = createBackoff({ minMs: 100, maxMs: 10_000, random })
  let watchList = deps.watchList ?? true
  let heardAt: number | undefined

  const listInPages = async (sink: ReflectorSink, signal: AbortSignal): Promise<string> => {
    reading.beginList()
    const { items, version } = await listPages({ api, query, signal })
    const objects = new Map<ObjectKey, KubeObject>()
    for (const raw of items) {
      const change = reading.change(raw, false)
      if (change?.object) objects.set(change.key, change.object)
    }
    reading.endList()
    heardAt = clock.now()
    sink.listed(objects)
    return version
  }

  /** One watch, from `progress` on, or from nothing with all objects first. Returns when it ended, throws when it was cut. */
  const watch = async (progress: Progress, sink: ReflectorSink, signal: AbortSignal): Promise<void> => {
    const seconds = WATCH_SECONDS.min + Math.floor(random() * (WATCH_SECONDS.max - WATCH_SECONDS.min))
    const limit = createLimit(clock, seconds * 1000 + HARD_END_MS, signal)
    const cancelList = clock.after(LIST_MS, () => {
      if (progress.version !== undefined) return
      watchList = false
      limit.cut('the list did not end in time')
    })
    try {
      const stream = await api.stream({
        path: query.path,
        query: watchQuery(query, progress, seconds),
        signal: limit.signal,
      })
      sink.waiting(undefined)
      const take = createTaker(progress, sink)
      const lines = createLines()
      heardAt = clock.now()
      limit.heard()
      await readEach(stream, (bytes) => {
        if (limit.signal.aborted) return
        limit.heard()
        heardAt = clock.now()
        for (const line of lines(bytes)) take(line)
      })
    } finally {
      cancelList()
      limit.end()
    }
  }

  /** Takes a watch's lines; throws for the one that ends it. */
  const createTaker = (progress: Progress, sink: ReflectorSink): ((line: string) => void) => {
    // Before the first bookmark the objects are a list in the making, and their versions are no place to go on from.
    let listing = progress.version === undefined ? new Map<ObjectKey, KubeObject>() : undefined
    if (listing) reading.beginList()
    return (line) => {
      const event = readWatchEvent(line)
      switch (event.kind) {
        case 'garbage':
          throw new Error(event.reason)
        case 'error':
          throw apiFailure(event.code, event.status)
        case 'bookmark':
          if (listing && event.initialEnd) {
            reading.endList()
            sink.listed(listing)
            listing = undefined
          }
          if (!listing) progress.version = event.version
          return
        case 'object': {
          const change = reading.change(event.raw, event.gone)
          if (!listing) progress.version = event.version
          if (change === undefined) return
          if (!listing) sink.changed(change)
          else if (change.object) listing.set(change.key, change.object)
          else listing.delete(change.key)
        }
      }
    }
  }

  /** Lists where needed, then watches once. */
  const session = async (progress: Progress, sink: ReflectorSink, signal: AbortSignal): Promise<void> => {
    if (progress.version === undefined && !watchList) {
      progress.version = await listInPages(sink, signal)
      sink.waiting(undefined)
      if (signal.aborted) return
    }
    await watch(progress, sink, signal)
  }

  /** What to do about a failed session; how long the server asked to wait. */
  const judge = (error: unknown, progress: Progress, sink: ReflectorSink): number => {
    const isInitial = progress.version === undefined
    if (isInitial && watchList && isApiFailure(error) && (error.status === 400 || error.status === 422)) {
      logger.info({ path: query.path }, 'the API server has no WatchList: listing in pages')
      watchList = false
      return 0
    }
    if (isExpired(error)) {
      progress.version = undefined
      return 0
    }
    // Each try; what it waits for is told once by who is told of it.
    logger.debug({ path: query.path, reason: reasonOf(error) }, 'a watch failed')
    sink.waiting(reasonOf(error))
    // A server that refuses this version for another reason than its age would refuse it for ever.
    if (isApiFailure(error) && error.status >= 400 && error.status < 500 && error.status !== 429)
      progress.version = undefined
    return isApiFailure(error) ? Math.min(error.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS) : 0
  }

  return {
    async run(sink, signal) {
      const progress: Progress = { version: undefined }
      while (!signal.aborted) {
        const began = clock.now()
        let waitMs = 0
        let failed = false
        try {
          await session(progress, sink, signal)
        } catch (error) {
          if (signal.aborted) return
          failed = true
          waitMs = judge(error, progress, sink)
        }
        const lasted = clock.now() - began >= LASTING_MS
        if (lasted) backoff.reset()
        // Only a watch that ended as it should is followed by the next one at once.
        if (failed || !lasted) await pause(clock, Math.max(waitMs, backoff.next()), signal)
      }
    },
    heardAt: () => heardAt,
  }
}

/**
 * Hands over each chunk in the turn of the event loop in which it arrives: an iterator takes two more. Resolves at the end of
 * the stream; throws what `take` throws, and what ended the stream before its end.
 */
async function readEach(stream: Readable, take: (bytes: Uint8Array) => void): Promise<void> {
  stream.on('data', (bytes: Uint8Array) => {
    if (stream.destroyed) return
    try {
      take(bytes)
    } catch (error) {
      stream.destroy(error as Error)
    }
  })
  await finished(stream)
}

function watchQuery(query: Query, progress: Progress, seconds: number): Record<string, string | number> {
  const from =
    progress.version === undefined
      ? { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }
      : { resourceVersion: progress.version }
  return { ...query.selectors, watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds: seconds, ...from }
}

/** Aborts with `parent`, at the hard end, and after too long a silence. */
function createLimit(clock: Clock, hardEndMs: number, parent: AbortSignal) {
  const controller = new AbortController()
  const cut = (reason: string): void => controller.abort(new Error(reason))
  const onParent = (): void => controller.abort(parent.reason)
  parent.addEventListener('abort', onParent, { once: true })
  if (parent.aborted) onParent()
  const cancelEnd = clock.after(hardEndMs, () => cut('the watch did not end in time'))
  let heardAt = clock.now()
  const cutSilent = (): void => cut('the watch was silent for too long')
  const cancelSilence = afterSilence(clock, SILENCE_MS, () => heardAt, cutSilent)
  return {
    signal: controller.signal,
    cut,
    heard(): void {
      heardAt = clock.now()
    },
    end(): void {
      cancelEnd()
      cancelSilence()
      parent.removeEventListener('abort', onParent)
      // Ends the request where the reader left it.
      controller.abort()
    },
  }
}
