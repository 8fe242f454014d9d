// What each file of a folder gave last, and which file counts where several hold one object. Keeps the last good form of what
// can't be read. No I/O.
import type { KubeObject, ObjectChange, ObjectKey } from '@fleetcast/shared/objects/object'
import type { Problem } from '@fleetcast/shared/objects/problem'
import { compare } from '../../cut/metadata.ts'
import type { ReadFile } from './manifests.ts'

export interface Shelf {
  /** The file was read. */
  put(path: string, read: ReadFile): void
  /** The file is there but can't be read: what it gave before stays. */
  fail(path: string): void
  /** The file is gone. */
  remove(path: string): void
  paths(): Iterable<string>
  /** True where the file may be half written: it lacks objects that it gave, or its last document is the start of an earlier one. */
  isLess(path: string, read: ReadFile): boolean
  documents(path: string): ReadFile['documents'] | undefined
  /** What changed since the last call, each key once, with the duplicates found or ended. */
  collect(): {
    readonly changes: readonly ObjectChange[]
    readonly duplicates: ReadonlyMap<ObjectKey, readonly Problem[]>
  }
  objects(): ReadonlyMap<ObjectKey, KubeObject>
  /** Objects of an earlier life of this process that a file which can't be read may hold; undefined when there are none. */
  keeps(): ((key: ObjectKey) => boolean) | undefined
}

interface Shelved {
  readonly objects: ReadonlyMap<ObjectKey, KubeObject>
  readonly documents?: ReadFile['documents']
  /** Keys that the file holds and that were never read; `all`: nobody knows which. */
  readonly unread: ReadonlySet<ObjectKey> | 'all'
}

export function createShelf(): Shelf {
  const files = new Map<string, Shelved>()
  /** The files that hold each object. */
  const holders = new Map<ObjectKey, Set<string>>()
  const touched = new Set<ObjectKey>()

  const place = (path: string, next: Shelved | undefined): void => {
    for (const key of files.get(path)?.objects.keys() ?? []) {
      touched.add(key)
      holders.get(key)?.delete(path)
    }
    if (!next) {
      files.delete(path)
      return
    }
    files.set(path, next)
    for (const key of next.objects.keys()) {
      touched.add(key)
      const paths = holders.get(key)
      if (paths) paths.add(path)
      else holders.set(key, new Set([path]))
    }
  }

  const holdersOf = (key: ObjectKey): readonly string[] => [...(holders.get(key) ?? [])].sort(compare)

  const winner = (key: ObjectKey): KubeObject | undefined => {
    const [path] = holdersOf(key)
    return path === undefined ? undefined : files.get(path)?.objects.get(key)
  }

  return {
    put(path, read) {
      const before = files.get(path)
      const objects = new Map(read.objects)
      for (const [key, object] of before?.objects ?? []) {
        // Rule 5: what is wrong keeps its last good form; what nobody can tell may be any that is missed.
        if (!objects.has(key) && (read.broken || read.held.has(key))) objects.set(key, object)
      }
      const unread = new Set([...read.held].filter((key) => !objects.has(key)))
      const unknown = read.broken && (before === undefined || before.unread === 'all')
      place(path, { objects, documents: read.documents, unread: unknown ? 'all' : unread })
    },
    fail(path) {
      if (!files.has(path)) place(path, { objects: new Map(), unread: 'all' })
    },
    remove(path) {
      place(path, undefined)
    },
    paths: () => files.keys(),
    isLess(path, read) {
      const before = files.get(path)
      if (!before) return false
      const lacks = (key: ObjectKey): boolean => !read.objects.has(key) && !read.held.has(key)
      if (!read.broken && [...before.objects.keys()].some(lacks)) return true
      const last = [...read.documents.keys()].at(-1) ?? ''
      return [...(before.documents?.keys() ?? [])].some((text) => text.length > last.length && text.startsWith(last))
    },
    documents: (path) => files.get(path)?.documents,
    collect() {
      const changes: ObjectChange[] = []
      const duplicates = new Map<ObjectKey, readonly Problem[]>()
      for (const key of touched) {
        changes.push({ key, object: winner(key) })
        const [first, ...others] = holdersOf(key)
        if (first === undefined) holders.delete(key)
        duplicates.set(
          key,
          others.map((file) => duplicate(key, file, first ?? '')),
        )
      }
      touched.clear()
      return { changes, duplicates }
    },
    objects() {
      const objects = new Map<ObjectKey, KubeObject>()
      for (const key of holders.keys()) {
        const object = winner(key)
        if (object) objects.set(key, object)
      }
      return objects
    },
    keeps() {
      const unread = [...files.values()].map((file) => file.unread).filter((keys) => keys === 'all' || keys.size > 0)
      if (unread.length === 0) return undefined
      const keys = new Set(unread.flatMap((keys) => (keys === 'all' ? [] : [...keys])))
      return unread.includes('all') ? () => true : (key) => keys.has(key)
    },
  }
}

const duplicate = (key: ObjectKey, file: string, first: string): Problem => ({
  severity: 'error',
  code: 'duplicate',
  message: `stands in ${first} too, which comes first and counts`,
  place: { object: key, file },
})
