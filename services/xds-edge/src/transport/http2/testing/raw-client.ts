// For tests: a client that sends the bytes it is told to, and the frames that come back. Obeys no rule by itself.
import { connect } from 'node:net'
import { createFrameCutter } from '../frame-cutter.ts'
import { FLAG, FRAME, PREFACE, settingsFrame, frameOf as writtenFrame } from '../frames.ts'
import { encodeFields } from '../header-fields.ts'

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly id: number
  readonly payload: Buffer
}

export interface RawClient {
  /** Frames of a type, of a stream where that is said. */
  of(type: keyof typeof FRAME, id?: number): readonly Frame[]
  send(...parts: Buffer[]): void
  /** The codes of the GOAWAYs. */
  goneAway(): readonly number[]
  /** Codes by stream. */
  resets(): Readonly<Record<number, number>>
  isClosed(): boolean
  pause(): void
  resume(): void
  close(): void
}

/** A frame of any type, by its name or its number. */
export const frameOf = (type: keyof typeof FRAME | number, flags: number, id: number, payload: Buffer): Buffer =>
  writtenFrame(typeof type === 'number' ? type : FRAME[type], flags, id, payload)

export const numberOf = (value: number): Buffer => {
  const out = Buffer.alloc(4)
  out.writeUInt32BE(value)
  return out
}

type Fields = readonly (readonly [string, string])[]

export const REQUEST: Fields = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/test'],
]

/** The head of a request. */
export const requestOf = (id: number, flags: number = FLAG.endHeaders, fields: Fields = REQUEST): Buffer =>
  frameOf('headers', flags, id, encodeFields(fields))

/** `start`: what it sends at once. */
export function rawClient(port: number, start: readonly Buffer[] = [PREFACE, settingsFrame([])]): RawClient {
  const frames: Frame[] = []
  let partial: Buffer[] = []
  let isClosed = false
  const cutter = createFrameCutter({
    frame: (type, flags, id, payload) => void frames.push({ type, flags, id, payload: Buffer.from(payload) }),
    data(id, flags, bytes, isLast) {
      partial.push(Buffer.from(bytes))
      if (!isLast) return
      frames.push({ type: FRAME.data, flags, id, payload: Buffer.concat(partial) })
      partial = []
    },
    noPreface() {},
    tooLarge() {},
  })
  // A server sends no preface: the cutter is given one.
  cutter.push(PREFACE)
  const socket = connect(port, '127.0.0.1')
  socket.on('data', cutter.push)
  socket.on('error', () => {})
  socket.on('close', () => {
    isClosed = true
  })
  for (const part of start) socket.write(part)
  return {
    of: (type, id) => frames.filter((frame) => frame.type === FRAME[type] && (id === undefined || frame.id === id)),
    send: (...parts) => void socket.write(Buffer.concat(parts)),
    goneAway: () => frames.filter(({ type }) => type === FRAME.goAway).map(({ payload }) => payload.readUInt32BE(4)),
    resets: () =>
      Object.fromEntries(
        frames.filter(({ type }) => type === FRAME.reset).map(({ id, payload }) => [id, payload.readUInt32BE(0)]),
      ),
    isClosed: () => isClosed,
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => void socket.destroy(),
  }
}
