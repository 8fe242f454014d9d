// The head of a request, or its trailers, out of one HEADERS frame and any CONTINUATIONs: nothing else may stand between them.
import { ERROR, type ErrorCode, FLAG } from './frames.ts'

export interface HeaderBlock {
  readonly id: number
  readonly endsStream: boolean
  /** The stream says that it depends on itself. */
  readonly isCircular: boolean
  readonly fields: Buffer
}

export interface HeaderBlocks {
  /** The stream whose block is not whole; 0: none. */
  openId(): number
  /** A block that is whole now, undefined until it is, or what is wrong. */
  headers(flags: number, id: number, payload: Buffer): HeaderBlock | ErrorCode | undefined
  continuation(flags: number, id: number, payload: Buffer): HeaderBlock | ErrorCode | undefined
}

const blockBytesMax = 64 * 1024
const continuationsMax = 16

export function createHeaderBlocks(): HeaderBlocks {
  let parts: Buffer[] = []
  let openId = 0
  let endsStream = false
  let isCircular = false

  const add = (flags: number, part: Buffer): HeaderBlock | ErrorCode | undefined => {
    parts.push(part)
    if ((flags & FLAG.endHeaders) === 0) {
      const bytes = parts.reduce((sum, { length }) => sum + length, 0)
      return bytes > blockBytesMax || parts.length > continuationsMax ? ERROR.enhanceYourCalm : undefined
    }
    const block = { id: openId, endsStream, isCircular, fields: parts.length === 1 ? part : Buffer.concat(parts) }
    parts = []
    openId = 0
    return block
  }
  return {
    openId: () => openId,
    headers(flags, id, payload) {
      const rest = withoutPadding(flags, payload)
      const hasPriority = (flags & FLAG.priority) !== 0
      if (rest === undefined || (hasPriority && rest.length < 5)) return ERROR.protocol
      openId = id
      endsStream = (flags & FLAG.endStream) !== 0
      isCircular = hasPriority && dependsOn(rest) === id
      return add(flags, hasPriority ? rest.subarray(5) : rest)
    },
    continuation: (flags, id, payload) => (openId === 0 || id !== openId ? ERROR.protocol : add(flags, payload)),
  }
}

/** The stream that a priority names. */
export const dependsOn = (priority: Buffer): number => priority.readUInt32BE(0) & 0x7fffffff

/** Undefined where the padding is longer than what holds it. */
export function withoutPadding(flags: number, payload: Buffer): Buffer | undefined {
  if ((flags & FLAG.padded) === 0) return payload
  const end = payload.length - (payload[0] ?? 0)
  return end < 1 ? undefined : payload.subarray(1, end)
}
