// Lets new streams in a few at a time, so that thousands at once do not hold up those that are there. One that comes alone is
// let in at once. Never forgets one, and never lets in one that has gone meanwhile.
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'

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
  /** One of them was let in: there is room for more. */
  admitted(): void
  closed(): void
}

/**
 * How many streams a client may open ahead: its limit grows with what was let in, up to `streamsMax`. HTTP/2 clients keep what is
 * over the limit until it is raised.
 */
export function createStreamLimit(session: ServerHttp2Session, streamsMax: number): StreamLimit {
  let open = 0
  let limit = Math.min(streamsAhead, streamsMax)
  return {
    opened: () => void open++,
    admitted() {
      if (limit >= streamsMax || open + streamsAhead / 2 <= limit || session.destroyed || session.closed) return
      limit = Math.min(open + streamsAhead, streamsMax)
      session.settings({ maxConcurrentStreams: limit })
    },
    closed: () => void open--,
  }
}

/** The least that HTTP/2 recommends. */
export const streamsAhead = 100
