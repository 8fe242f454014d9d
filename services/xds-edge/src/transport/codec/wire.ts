// The protobuf wire format, as much as the xDS envelopes need. Knows no message. Never throws: a cursor that meets bytes
// that can't be protobuf is `broken` and stands at its end, so that every loop over it ends.

export interface Cursor {
  readonly bytes: Buffer
  at: number
  /** Where the present message ends; moved in and out of nested messages with `enter` and `leave`. */
  end: number
  broken: boolean
}

export const cursor = (bytes: Buffer): Cursor => ({ bytes, at: 0, end: bytes.length, broken: false })

const groupDepthMax = 32

/** The next tag (`field << 3 | wire type`), or 0 at the end of the message. */
export function readTag(c: Cursor): number {
  if (c.at >= c.end) return 0
  const tag = readVarint(c)
  // Field 0 does not exist, and fields end at 2^29 - 1.
  if (tag < 8 || tag > 0xffffffff) return breakOff(c)
  return tag
}

/** A varint of up to 64 bits; exact up to 2^53. */
export function readVarint(c: Cursor): number {
  const { bytes, end } = c
  let value = 0
  let scale = 1
  for (let i = 0; i < 10; i++) {
    if (c.at >= end) return breakOff(c)
    const byte = bytes[c.at++] as number
    value += (byte & 127) * scale
    if (byte < 128) return value
    scale *= 128
  }
  return breakOff(c)
}

/** An int32: negative numbers are ten bytes long on the wire. */
export const readInt32 = (c: Cursor): number => {
  const value = readVarint(c)
  return value > 0x7fffffff ? (value % 2 ** 32) | 0 : value
}

/** Goes into a length-delimited field and returns the end to give to `leave`. */
export function enter(c: Cursor): number {
  const outer = c.end
  const length = readVarint(c)
  if (c.broken || length > outer - c.at) {
    breakOff(c)
    return outer
  }
  c.end = c.at + length
  return outer
}

/** Goes to the end of the nested message and back out of it. */
export function leave(c: Cursor, outer: number): void {
  if (c.broken) return
  c.at = c.end
  c.end = outer
}

/** Text is mostly ASCII: UTF-8 bytes that are none become replacement characters, as names nobody has. */
export function readString(c: Cursor): string {
  const length = readVarint(c)
  const from = c.at
  if (c.broken || length > c.end - from) {
    breakOff(c)
    return ''
  }
  c.at = from + length
  return length === 0 ? '' : c.bytes.toString('utf8', from, c.at)
}

/** Passes over a field that is not read, groups included. */
export function skip(c: Cursor, tag: number, depth = 0): void {
  const wireType = tag & 7
  if (wireType === 0) readVarint(c)
  else if (wireType === 1) advance(c, 8)
  else if (wireType === 2) advance(c, readVarint(c))
  else if (wireType === 3) skipGroup(c, tag, depth)
  else if (wireType === 5) advance(c, 4)
  else breakOff(c)
}

function skipGroup(c: Cursor, start: number, depth: number): void {
  if (depth >= groupDepthMax) {
    breakOff(c)
    return
  }
  for (;;) {
    const tag = readTag(c)
    if (tag === start + 1) return
    // The message ends inside the group.
    if (tag === 0) {
      breakOff(c)
      return
    }
    skip(c, tag, depth + 1)
  }
}

function advance(c: Cursor, length: number): void {
  if (length > c.end - c.at) breakOff(c)
  else c.at += length
}

function breakOff(c: Cursor): 0 {
  c.broken = true
  c.at = c.end
  return 0
}

export const varintSize = (value: number): number =>
  value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5

/** Values to 2^32 - 1. Returns the place after it, as all writers do. */
export function writeVarint(out: Buffer, at: number, value: number): number {
  let rest = value
  let to = at
  while (rest > 127) {
    out[to++] = (rest & 127) | 128
    rest >>>= 7
  }
  out[to++] = rest
  return to
}

/** Size of a length-delimited field with a tag of one byte. */
export const fieldSize = (length: number): number => 1 + varintSize(length) + length

/** An empty text is left out, as proto3 does. */
export const stringSize = (text: string): number => (text === '' ? 0 : fieldSize(Buffer.byteLength(text)))

/** Tag and length of a length-delimited field from 1 to 15. */
export function writeHead(out: Buffer, at: number, field: number, length: number): number {
  out[at] = (field << 3) | 2
  return writeVarint(out, at + 1, length)
}

export const writeString = (out: Buffer, at: number, field: number, text: string): number =>
  text === '' ? at : writeText(out, at, field, text)

/** As `writeString`, but an empty text is written: an element of a repeated field. */
export function writeText(out: Buffer, at: number, field: number, text: string): number {
  const length = Buffer.byteLength(text)
  const to = writeHead(out, at, field, length)
  // Equal lengths mean ASCII, which latin1 writes without looking at each character again.
  return to + out.write(text, to, length, length === text.length ? 'latin1' : 'utf8')
}
