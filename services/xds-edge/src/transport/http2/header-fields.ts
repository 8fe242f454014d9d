// Header fields in HTTP/2's form (HPACK, RFC 7541): what clients send is decoded with a table for each connection; what is
// sent is written out and never indexed.
import { decodeHuffman } from './huffman.ts'
import { type Field, STATIC_FIELDS } from './static-fields.ts'

/** `broken`: the table is not known any more; `large`: over the limit. Neither connection can go on. */
export type FieldFault = 'broken' | 'large'

export interface FieldDecoder {
  /** The fields of a whole block. */
  decode(block: Buffer): readonly Field[] | FieldFault
  /** The last block left the table as it was: as long as that is said of each that follows, its bytes mean the same. */
  isSettled(): boolean
}

/** What SETTINGS_HEADER_TABLE_SIZE has at first: no other size is announced. */
const tableBytesMax = 4096
/** As the RFC counts a field. */
const bytesOf = ({ name, value }: Field): number => name.length + value.length + 32
const integerMax = 2 ** 28

interface Cursor {
  readonly bytes: Buffer
  at: number
  isBroken: boolean
}

/** `listBytesMax`: of the fields of one block. */
export function createFieldDecoder(listBytesMax: number): FieldDecoder {
  /** The oldest first. */
  const table: Field[] = []
  let tableBytes = 0
  let tableLimit = tableBytesMax
  let isSettled = false

  const fieldAt = (index: number): Field | undefined =>
    index <= STATIC_FIELDS.length ? STATIC_FIELDS[index - 1] : table[table.length - (index - STATIC_FIELDS.length)]
  const shrink = (bytes: number): void => {
    while (tableBytes > bytes) tableBytes -= bytesOf(table.shift() as Field)
  }
  const keep = (field: Field): void => {
    const bytes = bytesOf(field)
    shrink(Math.max(0, tableLimit - bytes))
    if (bytes > tableLimit) return
    table.push(field)
    tableBytes += bytes
  }
  const literal = (cursor: Cursor, prefixBits: number): Field | undefined => {
    const index = readInteger(cursor, prefixBits)
    const name = index === 0 ? readText(cursor) : fieldAt(index)?.name
    const value = readText(cursor)
    return name === undefined || value === undefined ? undefined : { name, value }
  }
  /** Undefined where it is broken. */
  const next = (cursor: Cursor, first: number): Field | undefined => {
    if (first >= 0x80) return fieldAt(readInteger(cursor, 7))
    if (first < 0x40) return literal(cursor, 4)
    const field = literal(cursor, 6)
    if (field !== undefined) keep(field)
    isSettled = false
    return field
  }
  /** A new size of the table, which may stand at the start of a block only. */
  const resize = (cursor: Cursor): void => {
    const size = readInteger(cursor, 5)
    isSettled = false
    if (size > tableBytesMax) cursor.isBroken = true
    tableLimit = Math.min(size, tableBytesMax)
    shrink(tableLimit)
  }
  return {
    isSettled: () => isSettled,
    decode(block) {
      const cursor: Cursor = { bytes: block, at: 0, isBroken: false }
      isSettled = true
      const fields: Field[] = []
      let listBytes = 0
      while (cursor.at < block.length) {
        const first = block[cursor.at] as number
        if (first >= 0x20 && first < 0x40 && fields.length === 0) {
          resize(cursor)
          if (cursor.isBroken) return 'broken'
          continue
        }
        const field = first >= 0x20 && first < 0x40 ? undefined : next(cursor, first)
        if (field === undefined || cursor.isBroken) return 'broken'
        listBytes += bytesOf(field)
        if (listBytes > listBytesMax) return 'large'
        fields.push(field)
      }
      return fields
    },
  }
}

function readInteger(cursor: Cursor, prefixBits: number): number {
  const mask = (1 << prefixBits) - 1
  let value = (cursor.bytes[cursor.at++] ?? 0) & mask
  if (value < mask) return value
  for (let scale = 1; ; scale *= 128) {
    const byte = cursor.bytes[cursor.at++]
    if (byte === undefined || scale > integerMax) {
      cursor.isBroken = true
      return 0
    }
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return value
  }
}

function readText(cursor: Cursor): string | undefined {
  const isHuffman = ((cursor.bytes[cursor.at] ?? 0) & 0x80) !== 0
  const length = readInteger(cursor, 7)
  const start = cursor.at
  const end = start + length
  if (cursor.isBroken || end > cursor.bytes.length) {
    cursor.isBroken = true
    return undefined
  }
  cursor.at = end
  return isHuffman ? decodeHuffman(cursor.bytes, start, end) : cursor.bytes.toString('latin1', start, end)
}

/** A block of literal fields that are not indexed. Names in lower case; names and values under 127 bytes, or the value under 16,000. */
export function encodeFields(fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), ...textParts(name), ...textParts(value)]))
}

function textParts(text: string): readonly Buffer[] {
  const bytes = Buffer.from(text, 'latin1')
  const head = [Math.min(bytes.length, 0x7f)]
  if (bytes.length >= 0x7f) {
    let rest = bytes.length - 0x7f
    for (; rest >= 0x80; rest >>>= 7) head.push((rest & 0x7f) | 0x80)
    head.push(rest)
  }
  return [Buffer.from(head), bytes]
}
