// Lets new streams in a few at a time, so that thousands at once do not hold up those that are there. One that comes alone is
// let in at once. Never forgets one, and never lets in one that has gone meanwhile.
import type { Clock } from '@fleetcast/shared/runtime/clock'
import type { Http2Connection } from '../http2/connection.ts'
import type { Http2Stream } from '../http2/http2-stream.ts'

export interface Admission {
  /** Runs now, or after other work had its turn. */
  admit(stream: Http2Stream, open: () => void): void
}

/** About half a millisecond. */
const perTurn = 8

export function createAdmission(onTurn: (run: () => void) => void): Admission {
  const waiting: { readonly stream: Http2Stream; readonly open: () => void }[] = []
  let first = 0
  let admitted = 0
  let isTurnDue = false

  const turn = (): void => {
    isTurnDue = false
    admitted = 0
    while (first < waiting.length && admitted < perTurn) {
      const next = waiting[first++]
      if (next === undefined || next.stream.isClosed) continue
      admitted++
      next.open()
    }
    if (first === waiting.length) {
      waiting.length = 0
      first = 0
    }
    if (admitted > 0 || waiting.length > 0) schedule()
  }
  const schedule = (): void => {
    if (isTurnDue) return
    isTurnDue = true
    onTurn(turn)
  }
  return {
    admit(stream, open) {
      schedule()
      if (waiting.length > 0 || admitted >= perTurn) {
        waiting.push({ stream, open })
        return
      }
      admitted++
      open()
    },
  }
}

export interface StreamLimit {
  opened(): void
  closed(): void
}

export interface StreamLimits {
  /** The limit of a connection. */
  of(connection: Pick<Http2Connection, 'isEnding' | 'setStreamsMax'>): StreamLimit
}

/** The least that HTTP/2 recommends. */
export const streamsAhead = 100
/** What all connections together are given beyond that, and one may begin in the long run. */
export const streamsPerSecond = 100
const raiseBy = 10
const raiseMs = (raiseBy * 1000) / streamsPerSecond

/**
 * How many streams a connection may have open: at first a hundred, then more, to `streamsMax`, for as long as it uses them up. All
 * connections together are given a hundred more a second, in turn: what thousands of streams leave that open at once is one long pause
 * of the collector. HTTP/2 clients keep what is over the limit until it is raised. A connection of an
 * Envoy has ten at most: only who opens hundreds on one is slowed.
 */
export function createStreamLimits(streamsMax: number, clock: Clock): StreamLimits {
  /** What raises the limit of each connection that uses its own up, in turn; false where the connection has gone. */
  const due = new Set<() => boolean>()
  let isTurnDue = false

  const schedule = (): void => {
    if (isTurnDue || due.size === 0) return
    isTurnDue = true
    clock.after(raiseMs, turn)
  }
  const turn = (): void => {
    isTurnDue = false
    for (const raise of due) {
      due.delete(raise)
      if (raise()) break
    }
    schedule()
  }
  return {
    of(connection) {
      let open = 0
      let limit = Math.min(streamsAhead, streamsMax)
      const look = (): void => {
        if (limit >= streamsMax || open + streamsAhead / 2 <= limit) return
        due.add(raise)
        schedule()
      }
      const raise = (): boolean => {
        if (connection.isEnding()) return false
        limit = Math.min(limit + raiseBy, streamsMax)
        connection.setStreamsMax(limit)
        look()
        return true
      }
      return {
        opened() {
          open++
          look()
        },
        closed: () => void open--,
      }
    },
  }
}
