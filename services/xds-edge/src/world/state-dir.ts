// The state directory: the last sets, kept on disk, so that an edge that starts while the store is absent serves them.
// Each set is a file that is replaced as a whole. Nothing waits for the disk, and nothing fails with it.
import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Clock } from '@fleetcast/shared/runtime/clock'
import { reasonOf } from '@fleetcast/shared/runtime/failure'
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

const delayMs = 2000
const suffix = '.set'

interface Held {
  head: SetHead
  readonly entries: Map<EntryKey, Entry>
}

export function createStateDir({ folder, sealKey, clock, logger }: StateDirOptions): StateDir {
  const codec = createEntryCodec(sealKey && createSealer(sealKey))
  const held = new Map<SetName, Held>()
  const due = new Set<SetName>()
  let isScheduled = false
  let writing: Promise<void> = Promise.resolve()

  const schedule = (): void => {
    if (isScheduled) return
    isScheduled = true
    clock.after(delayMs, () => {
      isScheduled = false
      void flush()
    })
  }
  const flush = (): Promise<void> => {
    writing = writing.then(writeDue)
    return writing
  }
  const writeDue = async (): Promise<void> => {
    for (const set of [...due]) {
      due.delete(set)
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await write(set, join(folder, fileOf(set)))
      } catch (error) {
        logger.warn({ folder, set, reason: reasonOf(error) }, 'a set could not be kept')
      }
    }
  }
  const write = async (set: SetName, path: string): Promise<void> => {
    const contents = held.get(set)
    if (contents === undefined) return rm(path, { force: true })
    // A copy: news may come while a large set is written.
    return writeWhole(path, packSet(set, { head: contents.head, entries: new Map(contents.entries) }, codec))
  }
  const read = async (name: string): Promise<StoredSet | undefined> => {
    const found = unpackSet(await readFile(join(folder, name)), codec)
    if (typeof found !== 'string') return found
    logger.warn({ file: join(folder, name), reason: found }, 'a kept set is not used')
    return undefined
  }

  return {
    async load() {
      try {
        const names = (await readdir(folder)).filter((name) => name.endsWith(suffix))
        const found = (await Promise.all(names.map(read))).filter((stored) => stored !== undefined)
        for (const { set, contents } of found) held.set(set, hold(contents))
        return found.sort((a, b) => Number(b.set === DIRECTORY) - Number(a.set === DIRECTORY))
      } catch (error) {
        // Nothing was kept yet, or nobody may read it: the store tells all the same.
        logger.info({ folder, reason: reasonOf(error) }, 'no sets were kept')
        return []
      }
    },
    note(set, news) {
      if (news.kind === 'contents') held.set(set, hold(news.contents))
      else apply(held.get(set), news.head, news)
      due.add(set)
      schedule()
    },
    keepOnly(sets) {
      for (const set of held.keys()) {
        if (set === DIRECTORY || sets.has(set)) continue
        held.delete(set)
        due.add(set)
        schedule()
      }
    },
    flush,
  }
}

/** A set's name may hold anything; a file's may not. */
const fileOf = (set: SetName): string => `${createHash('sha256').update(set).digest('hex').slice(0, 32)}${suffix}`

const hold = ({ head, entries }: SetContents): Held => ({ head, entries: new Map(entries) })

function apply(to: Held | undefined, head: SetHead, { change }: Extract<SetNews, { kind: 'change' }>): void {
  if (to === undefined) return
  to.head = head
  for (const key of change.remove) to.entries.delete(key)
  for (const entry of change.put) to.entries.set(entryKey(entry), entry)
}

/** Beside the file first, then in its place: a reader sees the old one or the new one. */
async function writeWhole(path: string, parts: Iterable<Buffer>): Promise<void> {
  const beside = `${path}.new`
  const file = await open(beside, 'w', 0o600)
  try {
    for (const part of parts) {
      await file.write(part)
      await setImmediate()
    }
    await file.sync()
    await file.close()
    await rename(beside, path)
  } catch (error) {
    await file.close().catch(() => {})
    await rm(beside, { force: true })
    throw error
  }
}
