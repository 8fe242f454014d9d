// How fast a client is read: not while it does not read its answers, a few streams that begin or end at a time, and no more that
// begin in the long run than streams are granted. What it sends faster waits unread, so that nobody feels it but the client.
import type { Socket } from 'node:net'
import type { Clock } from '@fleetcast/shared/runtime/clock'
import type { FrameCutter } from './frame-cutter.ts'
import { createPacer, type Pace } from './pacer.ts'

export interface Reading {
  /** A stream begins. */
  began(): void
  /** A stream was reset by the client. */
  wasReset(): void
  /** All frames of what was read were handed on, or have to wait. */
  hasRead(): void
  /** The client reads its answers again. */
  drained(): void
}

export interface ReadingOptions {
  readonly socket: Socket
  readonly cutter: FrameCutter
  readonly clock: Clock
  /** Calls back after other work had its turn. */
  readonly onTurn: (run: () => void) => void
  /** The client does not read its answers. */
  readonly isClogged: () => boolean
  /** Streams that the connection may have open now. */
  readonly streamsMax: () => number
  readonly streamsPerSecond: number
}

/** Streams that one connection may begin or end before others have their turn. */
export const costlyPerTurn = 32

export function createReading(options: ReadingOptions): Reading {
  const { socket, cutter, clock, onTurn, isClogged } = options
  /** As many at once as may be open. */
  const pace: Pace = {
    perSecond: options.streamsPerSecond,
    perWorkMs: 0,
    get burst() {
      return options.streamsMax()
    },
  }
  const begins = createPacer(clock, pace)
  let costly = 0
  let isWaiting = false

  const resume = (): void => {
    if (!(isWaiting || isClogged())) socket.resume()
  }
  const goOn = (): void => {
    isWaiting = false
    cutter.goOn()
    resume()
  }
  const note = (waitMs: number): void => {
    if (waitMs === 0 && ++costly < costlyPerTurn) return
    costly = 0
    isWaiting = true
    cutter.pause()
    if (waitMs > 0) clock.after(waitMs, goOn)
    else onTurn(goOn)
  }
  return {
    began: () => note(begins.take(0)),
    wasReset: () => note(0),
    hasRead() {
      if (isWaiting || isClogged()) socket.pause()
    },
    drained: resume,
  }
}
