// The state directory: the last sets, kept on disk, so that an edge that starts while the store is absent serves them. A file a set.
import type { Clock } from '@fleetcast/shared/runtime/clock'
import { createKeptFolder } from '@fleetcast/shared/runtime/kept-folder'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import { createSealer } from '@fleetcast/shared/runtime/seal'
import { DIRECTORY } from '@fleetcast/shared/store/directory'
import { createEntryCodec } from '@fleetcast/shared/store/entry-codec'
import {
  type Entry,
  type EntryKey,
  entryKey,
  type SetContents,
  type SetHead,
  type SetName,
  type SetNews,
} from '@fleetcast/shared/store/set-store'
import { packSet, type StoredSet, unpackSet } from './set-file.ts'

export interface StateDir {
  /** What was kept, the directory first. Files that can't be read are passed over with a word in the log. */
  load(): Promise<readonly StoredSet[]>
  /** Takes news of a set; it is written a while later. */
  note(set: SetName, news: SetNews): void
  /** Sets that are not wanted any more lose their files with the next writing. */
  keepOnly(sets: ReadonlySet<SetName>): void
  /** Writes what is due. Never rejects. */
  flush(): Promise<void>
}

export interface StateDirOptions {
  readonly folder: string
  readonly sealKey?: Uint8Array | undefined
  readonly clock: Clock
  readonly logger: Logger
}

interface Held {
  head: SetHead
  readonly entries: Map<EntryKey, Entry>
}

export function createStateDir({ folder, sealKey, clock, logger }: StateDirOptions): StateDir {
  const codec = createEntryCodec(sealKey && createSealer(sealKey))
  const held = new Map<SetName, Held>()
  const kept = createKeptFolder<StoredSet>({
    ...{ folder, clock, logger, suffix: '.set', what: 'a set', delayMs: 2_000 },
    pack(set) {
      const contents = held.get(set)
      // A copy: news may come while a large set is written.
      return contents ? packSet(set, { head: contents.head, entries: new Map(contents.entries) }, codec) : 'remove'
    },
    unpack: (bytes) => unpackSet(bytes, codec),
  })

  return {
    async load() {
      const found = await kept.load()
      for (const { set, contents } of found) held.set(set, hold(contents))
      return found.toSorted((a, b) => Number(b.set === DIRECTORY) - Number(a.set === DIRECTORY))
    },
    note(set, news) {
      if (news.kind === 'contents') held.set(set, hold(news.contents))
      else apply(held.get(set), news.head, news)
      kept.note(set)
    },
    keepOnly(sets) {
      for (const set of held.keys()) {
        if (set === DIRECTORY || sets.has(set)) continue
        held.delete(set)
        kept.note(set)
      }
    },
    flush: kept.flush,
  }
}

const hold = ({ head, entries }: SetContents): Held => ({ head, entries: new Map(entries) })

function apply(to: Held | undefined, head: SetHead, { change }: Extract<SetNews, { kind: 'change' }>): void {
  if (to === undefined) return
  to.head = head
  for (const key of change.remove) to.entries.delete(key)
  for (const entry of change.put) to.entries.set(entryKey(entry), entry)
}
