// What clients that come back say they hold (initial_resource_versions). A thousand of them hold the same, each in an order of its own:
// equal sets of pairs give the same map and the same key, and are decoded once. Keeps no map alive.
import { randomBytes } from 'node:crypto'
import type { Version } from '@fleetcast/shared/resources/resource'
import type { HeldVersions } from '../../protocol/messages.ts'
import { createMultisetHash } from './multiset-hash.ts'
import { makeRoom } from './weak-values.ts'
import { type Cursor, enter, leave, readString, readTag, skip } from './wire.ts'

export interface HeldVersionsReader {
  /** All pairs that follow each other with this tag of one byte; the cursor stands after the first one's. Undefined: broken, or too many. */
  read(c: Cursor, tag: number, isTooMany: (pairs: number) => boolean): HeldVersions | undefined
}

const mapsMax = 256

export function createHeldVersionsReader(): HeldVersionsReader {
  const hash = createMultisetHash(randomBytes(8))
  const maps = new Map<string, WeakRef<ReadonlyMap<string, Version>>>()

  return {
    read(c, tag, isTooMany) {
      const from = c.at
      let count = 0
      hash.clear()
      do {
        if (count > 0) c.at++
        const outer = enter(c)
        hash.add(c.bytes, c.at, c.end)
        leave(c, outer)
        count++
        // Before a single one is decoded.
        if (c.broken || isTooMany(count)) return undefined
      } while (c.at < c.end && c.bytes[c.at] === tag)
      const key = `${count} ${hash.value()}`
      const known = maps.get(key)?.deref()
      if (known !== undefined) return { versions: known, key }
      c.at = from
      const versions = decode(c, count)
      // Of two pairs with one name the last counts: then the order tells something.
      if (c.broken || versions.size < count) return { versions, key: undefined }
      makeRoom(maps, mapsMax)
      maps.set(key, new WeakRef(versions))
      return { versions, key }
    },
  }
}

function decode(c: Cursor, count: number): ReadonlyMap<string, Version> {
  const versions = new Map<string, Version>()
  for (let i = 0; i < count; i++) {
    if (i > 0) c.at++
    const outer = enter(c)
    let name = ''
    let version = ''
    for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
      if (tag === 10) name = readString(c)
      else if (tag === 18) version = readString(c)
      else skip(c, tag)
    }
    leave(c, outer)
    versions.set(name, version)
  }
  return versions
}
