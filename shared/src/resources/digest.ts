// The digest of a set: a sum over the hashes of its entries modulo 2^128, so that a change costs its own size and the
// order of changes means nothing. Pure; a digest is 32 hexadecimal digits.
import { hash } from 'node:crypto'
import type { Entry, SetChange } from '../store/set-store.ts'

/** The digest of nothing. */
export const EMPTY_DIGEST = '0'.repeat(32)

const MODULUS = 1n << 128n
const toHex = (value: bigint): string => value.toString(16).padStart(32, '0')

/** What tells two entries of one key apart: a resource's version, or where a link leads. */
export const entryVersion = (entry: Entry): string => ('link' in entry ? `link:${entry.link}` : entry.version)

/** 32 hexadecimal digits over type, name and version. */
export const entryHash = (entry: Entry): string =>
  hash('sha256', `${entry.type}\n${entry.name}\n${entryVersion(entry)}`, 'hex').slice(0, 32)

export function addToDigest(digest: string, entries: Iterable<Entry>): string {
  let sum = BigInt(`0x${digest}`)
  for (const entry of entries) sum += BigInt(`0x${entryHash(entry)}`)
  return toHex(sum % MODULUS)
}

export function takeFromDigest(digest: string, entries: Iterable<Entry>): string {
  let sum = BigInt(`0x${digest}`)
  for (const entry of entries) sum -= BigInt(`0x${entryHash(entry)}`)
  return toHex(((sum % MODULUS) + MODULUS) % MODULUS)
}

export const digestOf = (entries: Iterable<Entry>): string => addToDigest(EMPTY_DIGEST, entries)

/** True where the change does nothing. */
export const isEmptyChange = (change: SetChange): boolean => change.put.length === 0 && change.remove.length === 0
