// Lists of resource names, read from requests. In the state of the world every ACK repeats the whole list, the same
// bytes for all streams in step: equal bytes give the same array, so that nobody reads, keeps or compares it twice.
// Never changes a list it has given out, and keeps none alive.
import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { makeRoom } from './weak-values.ts'

export interface NameLists {
  /** The same for equal lists, and for no others; undefined for short ones, which nobody needs to know again. */
  keyOf(names: readonly string[]): string | undefined
  /** The list that was read last, if its bytes begin at `from` and no other field with its tag follows them before `end`. */
  again(bytes: Buffer, from: number, end: number): RepeatedList | undefined
  /** The list in `bytes` from `from` to `to`, which hold nothing but `count` fields with a tag of one byte. */
  read(bytes: Buffer, from: number, to: number, count: number): readonly string[]
}

export interface RepeatedList {
  readonly names: readonly string[]
  /** Where it ends. */
  readonly to: number
}

/** Shorter lists are read faster than they are found. */
const sharedBytesMin = 128
const listsMax = 1024

export const NO_NAMES: readonly string[] = Object.freeze([])

export function createNameLists(): NameLists {
  const bySum = new Map<number, WeakRef<readonly string[]>>()
  const rawOf = new WeakMap<readonly string[], Buffer>()
  /** Made when they are asked for: delta names a list once, and nobody asks. */
  const keys = new WeakMap<readonly string[], string>()

  /** What a round of ACKs is: one list, from one stream after the other. */
  let last: WeakRef<readonly string[]> | undefined

  return {
    keyOf(names) {
      const raw = rawOf.get(names)
      if (raw === undefined) return undefined
      const key = keys.get(names) ?? hash('sha256', raw, 'base64')
      keys.set(names, key)
      return key
    },
    again(bytes, from, end) {
      const names = last?.deref()
      const raw = names && rawOf.get(names)
      if (names === undefined || raw === undefined) return undefined
      const to = from + raw.length
      if (to > end || (to < end && bytes[to] === raw[0]) || raw.compare(bytes, from, to) !== 0) return undefined
      return { names, to }
    },
    read(bytes, from, to, count) {
      if (count === 0) return NO_NAMES
      if (to - from < sharedBytesMin) return readNames(bytes, from, count)
      const raw = bytes.subarray(from, to)
      const sum = crc32(raw)
      const known = bySum.get(sum)?.deref()
      if (known !== undefined && rawOf.get(known)?.equals(raw)) {
        last = bySum.get(sum)
        return known
      }
      const names = Object.freeze(readNames(bytes, from, count))
      makeRoom(bySum, listsMax)
      last = new WeakRef(names)
      bySum.set(sum, last)
      // A copy: the bytes of the request are a part of a larger buffer.
      rawOf.set(names, Buffer.from(raw))
      return names
    },
  }
}

/** The bounds were checked by whoever counted. */
function readNames(bytes: Buffer, from: number, count: number): readonly string[] {
  const names: string[] = []
  let at = from
  for (let i = 0; i < count; i++) {
    at++
    let length = 0
    let shift = 0
    let byte: number
    do {
      byte = bytes[at++] as number
      length |= (byte & 127) << shift
      shift += 7
    } while (byte > 127)
    names.push(bytes.toString('utf8', at, at + length))
    at += length
  }
  return names
}
