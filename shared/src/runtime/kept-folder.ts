// A folder with a file for each of some things that change: each is written a while after it changed, and replaced as a whole.
// Nothing waits for the disk, and nothing fails with it.
import { hash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Clock } from './clock.ts'
import { reasonOf } from './failure.ts'
import type { Logger } from './logger.ts'

export interface KeptFolderOptions<T> {
  readonly folder: string
  /** Of the files, with the dot. */
  readonly suffix: string
  /** What a file holds, for the log: `a set`. */
  readonly what: string
  /** From a change until it is written. */
  readonly delayMs: number
  readonly clock: Clock
  readonly logger: Logger
  /** The parts of a thing's file as the thing is now, or `remove`, or undefined to leave the file as it is. Others go on between two parts. */
  readonly pack: (name: string) => Iterable<Buffer> | 'remove' | undefined
  /** What a file holds, or why it can't be used. */
  readonly unpack: (bytes: Buffer) => T | string
}

export interface KeptFolder<T> {
  /** What was kept. Files that can't be used are passed over with a word in the log. */
  load(): Promise<readonly T[]>
  /** It changed: it is written a while later, as it is then. */
  note(name: string): void
  /** Writes what is due. Never rejects. */
  flush(): Promise<void>
}

export function createKeptFolder<T>(options: KeptFolderOptions<T>): KeptFolder<T> {
  const { folder, suffix, what, delayMs, clock, logger, pack, unpack } = options
  const due = new Set<string>()
  let isScheduled = false
  let writing: Promise<void> = Promise.resolve()

  /** A thing's name may hold anything; a file's may not. */
  const pathOf = (name: string): string => join(folder, `${hash('sha256', name).slice(0, 32)}${suffix}`)
  const write = async (name: string): Promise<void> => {
    const parts = pack(name)
    if (parts === undefined) return
    if (parts === 'remove') return rm(pathOf(name), { force: true })
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeWhole(pathOf(name), parts)
  }
  const writeDue = async (): Promise<void> => {
    for (const name of [...due]) {
      due.delete(name)
      try {
        await write(name)
      } catch (error) {
        logger.warn({ folder, name, reason: reasonOf(error) }, `${what} could not be kept`)
      }
    }
  }
  const flush = (): Promise<void> => {
    writing = writing.then(writeDue)
    return writing
  }
  const read = async (file: string): Promise<readonly T[]> => {
    const found = unpack(await readFile(join(folder, file)))
    if (typeof found !== 'string') return [found]
    logger.warn({ file: join(folder, file), reason: found }, `${what} that was kept is not used`)
    return []
  }

  return {
    async load() {
      try {
        const files = (await readdir(folder)).filter((file) => file.endsWith(suffix))
        return (await Promise.all(files.map(read))).flat()
      } catch (error) {
        // Nothing was kept yet, or nobody may read it: where it came from tells all the same.
        logger.info({ folder, reason: reasonOf(error) }, `${what} was not kept`)
        return []
      }
    },
    note(name) {
      due.add(name)
      if (isScheduled) return
      isScheduled = true
      clock.after(delayMs, () => {
        isScheduled = false
        void flush()
      })
    },
    flush,
  }
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
