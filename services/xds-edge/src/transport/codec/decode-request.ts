// DiscoveryRequest and DeltaDiscoveryRequest, from bytes to plain values. Most requests are ACKs: they cost one pass and
// one small object. Bytes that are not protobuf give a fault, never an exception.
import { RESOURCE_TYPES, type ResourceType } from '@fleetcast/shared/resources/types'
import type { DeltaRequest, HeldVersions, NodeInfo, SotwRequest } from '../../protocol/messages.ts'
import { decodeNode } from './decode-node.ts'
import { createHeldVersionsReader } from './held-versions.ts'
import { createNameLists, NO_NAMES } from './name-lists.ts'
import { type Cursor, cursor, enter, leave, readInt32, readString, readTag, skip } from './wire.ts'

export interface RequestDecoder {
  sotw(bytes: Buffer): SotwRequest | RequestFault
  delta(bytes: Buffer): DeltaRequest | RequestFault
}

/** Bytes that are no such message, or more names, or longer ones, than are read. */
export type RequestFault = 'malformed' | 'excessive'

export interface NameLimits {
  isTooMany(names: number): boolean
  readonly nameBytesMax: number
}

interface Status {
  readonly code: number
  readonly message: string
}

/** NACK texts of some clients hold whole configurations. */
const errorCharactersMax = 4096

const NOTHING_HELD = { versions: undefined, key: undefined } as const

/** Tags: field number and wire type 2 (length-delimited). */
const SOTW = { version: 10, node: 18, names: 26, type: 34, nonce: 42, error: 50 } as const
const DELTA = { node: 10, type: 18, subscribe: 26, unsubscribe: 34, initial: 42, nonce: 50, error: 58 } as const

export function createRequestDecoder(limits: NameLimits): RequestDecoder {
  const lists = createNameLists()
  const heldVersions = createHeldVersionsReader()
  const types = new Map(RESOURCE_TYPES.map(({ url }: ResourceType) => [url, url]))

  /** Of the request that is being read. */
  let isExcessive = false
  const faultOf = ({ broken }: Cursor): RequestFault | undefined =>
    broken ? 'malformed' : isExcessive ? 'excessive' : undefined

  /** The one text that stands for the type everywhere, so that comparing costs nothing. */
  const readType = (c: Cursor): string => {
    const type = readString(c)
    return types.get(type) ?? type
  }

  /** All fields with this tag that follow each other; the cursor stands after the first one's tag. */
  const readNames = (c: Cursor, tag: number, before: readonly string[]): readonly string[] => {
    const from = c.at - 1
    const same = before.length === 0 ? lists.again(c.bytes, from, c.end) : undefined
    if (same !== undefined) {
      c.at = same.to
      if (limits.isTooMany(same.names.length)) isExcessive = true
      return same.names
    }
    let count = 0
    let to = from
    do {
      if (count > 0) c.at++
      const outer = enter(c)
      if (c.end - c.at > limits.nameBytesMax) isExcessive = true
      leave(c, outer)
      if (c.broken) return before
      to = c.at
      count++
    } while (c.at < c.end && c.bytes[c.at] === tag)
    // Counted before a single one is read.
    if (limits.isTooMany(before.length + count)) isExcessive = true
    if (isExcessive) return before
    const names = lists.read(c.bytes, from, to, count)
    return before.length === 0 ? names : [...before, ...names]
  }

  return {
    sotw(bytes) {
      const c = cursor(bytes)
      isExcessive = false
      let type = ''
      let nonce = ''
      let versionInfo = ''
      let names = NO_NAMES
      let error: Status | undefined
      let node: NodeInfo | undefined
      for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
        if (tag === SOTW.type) type = readType(c)
        else if (tag === SOTW.nonce) nonce = readString(c)
        else if (tag === SOTW.version) versionInfo = readString(c)
        else if (tag === SOTW.names) names = readNames(c, tag, names)
        else if (tag === SOTW.node) node = decodeNode(c)
        else if (tag === SOTW.error) error = readStatus(c)
        // resource_locators and whatever a later version adds (rule 97).
        else skip(c, tag)
      }
      const fault = faultOf(c)
      if (fault !== undefined) return fault
      const request: SotwRequest = { variant: 'sotw', type, nonce, versionInfo, names, namesKey: lists.keyOf(names) }
      return error || node ? { ...request, ...(error && { error }), ...(node && { node }) } : request
    },

    delta(bytes) {
      const c = cursor(bytes)
      isExcessive = false
      let type = ''
      let nonce = ''
      let subscribe = NO_NAMES
      let unsubscribe = NO_NAMES
      let held: HeldVersions | undefined
      let error: Status | undefined
      let node: NodeInfo | undefined
      for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
        if (tag === DELTA.type) type = readType(c)
        else if (tag === DELTA.nonce) nonce = readString(c)
        else if (tag === DELTA.subscribe) subscribe = readNames(c, tag, subscribe)
        else if (tag === DELTA.unsubscribe) unsubscribe = readNames(c, tag, unsubscribe)
        else if (tag === DELTA.initial) {
          const before = held?.versions.size ?? 0
          const more = heldVersions.read(c, tag, (pairs) => limits.isTooMany(before + pairs))
          if (more === undefined) {
            isExcessive = true
            break
          }
          held = held === undefined ? more : together(held, more)
        } else if (tag === DELTA.node) node = decodeNode(c)
        else if (tag === DELTA.error) error = readStatus(c)
        else skip(c, tag)
      }
      const fault = faultOf(c)
      if (fault !== undefined) return fault
      const { versions: initialVersions, key: versionsKey } = held ?? NOTHING_HELD
      const request: DeltaRequest = {
        variant: 'delta',
        type,
        nonce,
        subscribe,
        unsubscribe,
        initialVersions,
        versionsKey,
      }
      return error || node ? { ...request, ...(error && { error }), ...(node && { node }) } : request
    },
  }
}

/** Where something else stands between: nobody writes it so, but it means the same. */
const together = (before: HeldVersions, more: HeldVersions): HeldVersions => ({
  versions: new Map([...before.versions, ...more.versions]),
  key: undefined,
})

/** google.rpc.Status. An empty one is still an error: that it is there means NACK (rule 15). */
function readStatus(c: Cursor): Status {
  const outer = enter(c)
  let code = 0
  let message = ''
  for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
    if (tag === 8) code = readInt32(c)
    else if (tag === 18) message = readString(c).slice(0, errorCharactersMax)
    else skip(c, tag)
  }
  leave(c, outer)
  return { code, message }
}
