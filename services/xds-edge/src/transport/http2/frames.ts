// The frames of HTTP/2 (RFC 9113): their numbers, and those that a server sends.

export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const FLAG = { ack: 0x1, endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const

export const ERROR = {
  noError: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  enhanceYourCalm: 11,
} as const
export type ErrorCode = (typeof ERROR)[keyof typeof ERROR]

export const SETTING = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
export const headBytes = 9
/** What every peer takes, and all that is taken here. */
export const frameBytesMin = 16_384
export const frameBytesMax = 2 ** 24 - 1
export const windowBytesAtFirst = 65_535
export const windowBytesMax = 2 ** 31 - 1

/** Writes the nine bytes that begin a frame, at an offset that has room for them. */
export function writeHead(out: Buffer, at: number, length: number, type: number, flags: number, id: number): void {
  out[at] = length >>> 16
  out[at + 1] = length >>> 8
  out[at + 2] = length
  out[at + 3] = type
  out[at + 4] = flags
  out[at + 5] = id >>> 24
  out[at + 6] = id >>> 16
  out[at + 7] = id >>> 8
  out[at + 8] = id
}

/** A frame of any type. */
export function frameOf(type: number, flags: number, id: number, payload: Buffer): Buffer {
  const out = Buffer.allocUnsafe(headBytes + payload.length)
  writeHead(out, 0, payload.length, type, flags, id)
  payload.copy(out, headBytes)
  return out
}

function numbers(...values: number[]): Buffer {
  const out = Buffer.allocUnsafe(4 * values.length)
  for (const [i, value] of values.entries()) out.writeUInt32BE(value, 4 * i)
  return out
}

/** A block that fits into one frame. */
export const headersFrame = (id: number, block: Buffer, endsStream: boolean): Buffer =>
  frameOf(FRAME.headers, FLAG.endHeaders | (endsStream ? FLAG.endStream : 0), id, block)

export const resetFrame = (id: number, code: ErrorCode): Buffer => frameOf(FRAME.reset, 0, id, numbers(code))

/** Pairs of identifier and value. */
export function settingsFrame(settings: readonly (readonly [number, number])[]): Buffer {
  const payload = Buffer.allocUnsafe(6 * settings.length)
  for (const [i, [identifier, value]] of settings.entries()) {
    payload.writeUInt16BE(identifier, 6 * i)
    payload.writeUInt32BE(value, 6 * i + 2)
  }
  return frameOf(FRAME.settings, 0, 0, payload)
}

export const settingsAck = frameOf(FRAME.settings, FLAG.ack, 0, Buffer.alloc(0))

/** `data`: eight bytes. */
export const pingFrame = (data: Buffer, flags: number): Buffer => frameOf(FRAME.ping, flags, 0, data)

export const goAwayFrame = (lastId: number, code: ErrorCode): Buffer =>
  frameOf(FRAME.goAway, 0, 0, numbers(lastId, code))

export const windowFrame = (id: number, bytes: number): Buffer => frameOf(FRAME.windowUpdate, 0, id, numbers(bytes))
