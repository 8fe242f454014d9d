// A folder of files that Envoys read, replaced as a whole: every file of a delivery is seen in its new form from one moment
// on, or none is (rule 4). Touches only what it put there itself.
//
// FOLDER/.sets/HASH/… holds the files, FOLDER/.set links to the present one, and FOLDER/KEY and FOLDER/current/KEY (where the
// ConfigMap loader put them) link through it. Swapping .set swaps all. Then the link of each changed file is renamed over
// itself, because that is the event by which an Envoy that watches one path hears of it.
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, readlink, rename, rm, rmdir, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import type { Clock } from '@fleetcast/shared/runtime/clock'

export interface OutputFile {
  readonly text: string
  /** Readable by this user only. */
  readonly sensitive?: boolean
}

export type OutputFiles = ReadonlyMap<string, OutputFile>

export interface Delivery {
  readonly written: readonly string[]
  readonly removed: readonly string[]
}

export interface FileSet {
  /**
   * Makes the folder hold these files. Files that are left out go `removeAfterMs` later; not at all where it is `partial`: then
   * a part of what belongs there is not known. Calls are carried out one after another.
   */
  deliver(files: OutputFiles, partial?: boolean): Promise<Delivery>
  /** What `deliver` would do, removals at once. */
  preview(files: OutputFiles): Promise<Delivery>
  close(): void
}

export interface FileSetDeps {
  readonly folder: string
  readonly clock: Clock
  /** 0: at once. */
  readonly removeAfterMs: number
  /** Told of a removal that came later and failed. */
  readonly onError: (error: unknown) => void
}

const SETS = '.sets'
const PRESENT = '.set'
/** Where each file is linked from, under the folder. */
const VIEWS = ['', 'current']

export function createFileSet({ folder, clock, removeAfterMs, onError }: FileSetDeps): FileSet {
  /** Files that are due to go, with the time. */
  const leaving = new Map<string, number>()
  let wanted: OutputFiles = new Map()
  let isPartial = false
  let last: Promise<unknown> = Promise.resolve()
  let cancelTimer = (): void => {}

  const oneAtATime = <T>(run: () => Promise<T>): Promise<T> => {
    const next = last.then(run, run)
    last = next.catch(() => undefined)
    return next
  }

  /** The wanted files, and those that may not go yet. */
  function stillThere(present: OutputFiles): OutputFiles {
    const now = clock.now()
    const all = new Map(wanted)
    for (const path of leaving.keys()) if (wanted.has(path)) leaving.delete(path)
    for (const [path, file] of present) {
      if (wanted.has(path)) continue
      if (isPartial) {
        all.set(path, file)
        continue
      }
      const until = leaving.get(path) ?? now + removeAfterMs
      leaving.set(path, until)
      if (until > now) all.set(path, file)
      else leaving.delete(path)
    }
    return all
  }

  async function settle(): Promise<Delivery> {
    const present = await readPresent(folder)
    const next = stillThere(present)
    const delivery = difference(present, next)
    if (delivery.written.length + delivery.removed.length > 0) await replace(folder, next, delivery)
    cancelTimer()
    if (leaving.size > 0) {
      const dueInMs = Math.max(0, Math.min(...leaving.values()) - clock.now())
      cancelTimer = clock.after(dueInMs, () => void oneAtATime(settle).catch(onError))
    }
    return delivery
  }

  return {
    deliver: (files, partial = false) =>
      oneAtATime(() => {
        wanted = files
        isPartial = partial
        if (partial) leaving.clear()
        return settle()
      }),
    preview: (files) => oneAtATime(async () => difference(await readPresent(folder), files)),
    close: () => cancelTimer(),
  }
}

function difference(present: OutputFiles, next: OutputFiles): Delivery {
  const written = [...next].filter(([path, file]) => present.get(path)?.text !== file.text).map(([path]) => path)
  return { written, removed: [...present.keys()].filter((path) => !next.has(path)) }
}

/** The bits of a mode that let others in. */
const OTHERS = 0o077

/** What an earlier delivery, of this process or another, left there. */
async function readPresent(folder: string): Promise<OutputFiles> {
  const set = join(folder, PRESENT)
  const found = await readdir(join(set, '.'), { recursive: true, withFileTypes: true }).catch(() => [])
  const files = found.filter((entry) => entry.isFile())
  const read = await Promise.all(
    files.map(async (entry): Promise<[string, OutputFile]> => {
      const path = join(entry.parentPath, entry.name)
      const { mode } = await stat(path)
      // What only this user could read stays so where it is kept.
      const sensitive = (mode & OTHERS) === 0
      return [relative(set, path), { text: await readFile(path, 'utf8'), sensitive }]
    }),
  )
  return new Map(read)
}

async function replace(folder: string, files: OutputFiles, { written, removed }: Delivery): Promise<void> {
  const name = hashOf(files)
  const target = join(folder, SETS, name)
  const before = await readlink(join(folder, PRESENT)).catch(() => undefined)
  await rm(`${target}.tmp`, { recursive: true, force: true })
  for (const [path, file] of files) {
    const place = join(`${target}.tmp`, path)
    await mkdir(dirname(place), { recursive: true })
    await writeFile(place, file.text, { mode: file.sensitive ? 0o600 : 0o644 })
  }
  await mkdir(`${target}.tmp`, { recursive: true })
  await rm(target, { recursive: true, force: true })
  await rename(`${target}.tmp`, target)
  await link(join(SETS, name), join(folder, PRESENT))
  for (const view of VIEWS) {
    for (const path of written)
      await link(join(relative(join(view, dirname(path)), '.'), PRESENT, path), join(folder, view, path))
    for (const path of removed) await unlinkOwn(join(folder, view), path)
  }
  if (before !== undefined && before !== join(SETS, name))
    await rm(join(folder, before), { recursive: true, force: true })
}

/** Puts a link where perhaps another one stands, in one step. */
async function link(to: string, at: string): Promise<void> {
  await mkdir(dirname(at), { recursive: true })
  const fresh = join(dirname(at), `.new-${process.pid}`)
  await rm(fresh, { force: true })
  await symlink(to, fresh)
  await rename(fresh, at)
}

/** Removes a link of ours, and the folder that it leaves empty. */
async function unlinkOwn(view: string, path: string): Promise<void> {
  const at = join(view, path)
  const to = await readlink(at).catch(() => undefined)
  if (to?.endsWith(join(PRESENT, path))) await rm(at, { force: true })
  if (dirname(path) !== '.') await rmdir(dirname(at)).catch(() => undefined)
}

function hashOf(files: OutputFiles): string {
  const hash = createHash('sha256')
  for (const [path, { text }] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${path}\0${Buffer.byteLength(text)}\0${text}`)
  }
  return hash.digest('hex').slice(0, 16)
}
