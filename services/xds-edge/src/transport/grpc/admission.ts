// Lets new streams in a few at a time, so that thousands at once do not hold up those that are there. One that comes alone is
// let in at once. Never forgets one, and never lets in one that has gone meanwhile.
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Clock } from '@fleetcast/shared/runtime/clock'

export interface Admission {
  /** Runs now, or after other work had its turn. */
  admit(stream: ServerHttp2Stream, open: () => void): void
}

/** About a millisecond's work. */
const perTurn = 8

export function createAdmission(onTurn: (run: () => void) => void): Admission {
  const waiting: { readonly stream: ServerHttp2Stream; readonly open: () => void }[] = []
  let first = 0
  let admitted = 0
  let isTurnDue = false

  const turn = (): void => {
    isTurnDue = false
    admitted = 0
    while (first < waiting.length && admitted < perTurn) {
      const next = waiting[first++]
      if (next === undefined || next.stream.destroyed) continue
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

/** The least that HTTP/2 recommends. */
export const streamsAhead = 100
const raiseBy = 10
const raiseMs = 40

/**
 * How many streams a client may have open: at first a hundred, then some more a second for as long as it uses them up, to
 * `streamsMax`. HTTP/2 clients keep what is over the limit until it is raised. A connection of an Envoy has ten at most: only
 * who opens thousands is slowed, and that is what keeps them from holding up others.
 */
export function createStreamLimit(session: ServerHttp2Session, streamsMax: number, clock: Clock): StreamLimit {
  let open = 0
  let limit = Math.min(streamsAhead, streamsMax)
  let isRaiseDue = false

  const look = (): void => {
    if (isRaiseDue || limit >= streamsMax || open + streamsAhead / 2 <= limit) return
    isRaiseDue = true
    clock.after(raiseMs, raise)
  }
  const raise = (): void => {
    isRaiseDue = false
    if (session.destroyed || session.closed) return
    limit = Math.min(limit + raiseBy, streamsMax)
    session.settings({ maxConcurrentStreams: limit })
    look()
  }
  return {
    opened() {
      open++
      look()
    },
    closed: () => void open--,
  }
}
