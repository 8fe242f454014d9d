// A folder as a source: reads its manifests and follows edits, additions and deletions. A file that can't be read or parsed
// keeps its last good form; a folder that goes away keeps everything (rule 2).
import { join, relative, sep } from 'node:path'
import { KINDS } from '@fleetcast/shared/objects/object'
import type { Problem } from '@fleetcast/shared/objects/problem'
import { createBackoff } from '@fleetcast/shared/runtime/backoff'
import type { Clock, Random } from '@fleetcast/shared/runtime/clock'
import type { Sink, Source } from '../source.ts'
import { createAgenda } from './agenda.ts'
import { createDirectoryWatches } from './directory-watches.ts'
import { readManifests } from './manifests.ts'
import { readText, SETTLE_MS } from './read-text.ts'
import { createShelf } from './shelf.ts'
import { isManifest, type Walk, walk } from './walk.ts'

/** Editors move a file away before they put its new form there: gone is what is still gone after this. */
const GONE_MS = 50
/** A file that says less than before is often about to say more: what it lacks is taken away once it was left alone for this. */
const LESS_MS = 500
/** A file that is written without end is taken as it is after this. */
const WRITING_MS = 10_000
/** Walks without a notice, for file systems that give none; more seldom where a walk takes long. */
const RESCAN_MS = 2_000
const RESCAN_SHARE = 50
const FILES_AT_ONCE = 32

export interface FolderDeps {
  readonly folder: string
  readonly clock: Clock
  readonly random: Random
}

export function createFolderSource({ folder, clock, random }: FolderDeps): Source {
  return {
    name: folder,
    kinds: KINDS,
    async run(sink, signal) {
      const reader = createFolderReader({ folder, clock, random, sink })
      const stop = (): void => reader.close()
      signal.addEventListener('abort', stop, { once: true })
      if (signal.aborted) stop()
      await reader.run(signal)
    },
  }
}

/** What is known of one file that is there. */
interface Seen {
  mark?: string
  /** When it was first found gone. */
  goneAt?: number | undefined
  /** Since when it is being written, as it seems; undefined once it was read. */
  unsettledAt?: number | undefined
}

function createFolderReader({ folder, clock, random, sink }: FolderDeps & { readonly sink: Sink }) {
  const agenda = createAgenda(clock)
  const shelf = createShelf()
  const seen = new Map<string, Seen>()
  const backoff = createBackoff({ minMs: 100, maxMs: 1_000, random })
  /** Real directories with the path by which their files are known. */
  let directories: Walk['directories'] = new Map()
  let unread: readonly string[] = []
  let listed = false
  let wasUnsure = false

  const watches = createDirectoryWatches({
    onNotice(directory, name) {
      const at = directories.get(directory)
      // `..data` is what a ConfigMap volume swaps; other hidden names and files that are no manifests mean nothing.
      if (name === undefined || at === undefined || name === '..data') return agenda.lookAtAll()
      if (name.startsWith('.')) return
      if (isManifest(name)) agenda.look(join(at, name))
      else agenda.lookAtAll()
    },
    onRefusal(directory, code) {
      tell(`notices ${directory}`, [
        warning(
          `gives no notices of changes (${code}): it is looked at every few seconds`,
          relative(folder, directory),
        ),
      ])
    },
  })

  const tell = (about: string, problems: readonly Problem[]): void => sink.problems(about, problems)

  /** Walks the whole folder. False where it is not there; then nothing is known to have changed. */
  const walkAll = async (paths: Set<string>): Promise<boolean> => {
    const began = clock.now()
    const found = await walk(folder, watches.add)
    if (!found) {
      const reason = `the folder ${folder} is not there`
      if (listed) tell('folder', [error('folder', `${reason}; what it held stays`, undefined)])
      else sink.waiting('folder', reason)
      agenda.lookAfter(backoff.next())
      return false
    }
    backoff.reset()
    tell(
      'folder',
      [...found.unread].map(([path, code]) => error('folder', `can not be read (${code})`, path || '.')),
    )
    sink.waiting('folder', undefined)
    directories = found.directories
    unread = [...found.unread.keys()]
    watches.keep(directories)
    for (const path of found.files) paths.add(path)
    for (const path of seen.keys()) paths.add(path)
    agenda.lookAfter(Math.max(RESCAN_MS, (clock.now() - began) * RESCAN_SHARE))
    return true
  }

  const isBelowUnread = (path: string): boolean => unread.some((top) => top === '' || path.startsWith(top + sep))

  const look = async (path: string): Promise<void> => {
    const known = seen.get(path) ?? {}
    const isEndless = known.unsettledAt !== undefined && clock.now() - known.unsettledAt >= WRITING_MS
    const read = await readText(join(folder, path), known.mark, isEndless ? () => Infinity : clock.now)
    if (read.kind === 'gone') return lookGone(path, known)
    seen.set(path, known)
    known.goneAt = undefined
    if (read.kind === 'same') return
    if (read.kind === 'unsettled') return lookAgain(path, known, SETTLE_MS)
    if (read.kind === 'wrong') {
      shelf.fail(path)
      return settle(path, known, read.mark, [error('file', read.reason, path)])
    }
    const manifests = readManifests(read.text, path, shelf.documents(path))
    const leftAloneMs = clock.now() - read.touchedMs
    if (leftAloneMs < LESS_MS && !isEndless && shelf.isLess(path, manifests))
      return lookAgain(path, known, LESS_MS - leftAloneMs)
    shelf.put(path, manifests)
    settle(path, known, read.mark, manifests.problems)
  }

  const lookAgain = (path: string, known: Seen, ms: number): void => {
    known.unsettledAt ??= clock.now()
    agenda.lookAfter(ms, path)
  }

  const settle = (path: string, known: Seen, mark: string, problems: readonly Problem[]): void => {
    known.unsettledAt = undefined
    known.mark = mark
    tell(`file ${path}`, problems)
  }

  /** Paths that are gone for long enough are taken away together, after a walk that says the folder itself is there. */
  const lookGone = (path: string, known: Seen): void => {
    if (!seen.has(path) || isBelowUnread(path)) return
    known.goneAt ??= clock.now()
    if (clock.now() - known.goneAt < GONE_MS) agenda.lookAfter(GONE_MS, path)
  }

  const removeGone = async (): Promise<void> => {
    const isOver = ({ goneAt }: Seen): boolean => goneAt !== undefined && clock.now() - goneAt >= GONE_MS
    const gone = [...seen].filter(([, known]) => isOver(known)).map(([path]) => path)
    if (gone.length === 0) return
    const paths = new Set<string>()
    if (!(await walkAll(paths))) return
    // What moved is read at its new place in the same go: no change.
    await lookAt([...paths].filter((path) => !gone.includes(path)))
    for (const path of gone.filter((path) => !isBelowUnread(path) && seen.get(path)?.goneAt !== undefined)) {
      seen.delete(path)
      shelf.remove(path)
      tell(`file ${path}`, [])
    }
  }

  const lookAt = async (paths: readonly string[]): Promise<void> => {
    for (let at = 0; at < paths.length; at += FILES_AT_ONCE) {
      await Promise.all(paths.slice(at, at + FILES_AT_ONCE).map(look))
    }
  }

  const emit = (): void => {
    // The first list waits for files that are being written, so that it is complete.
    if (!listed && [...seen.values()].some(({ unsettledAt }) => unsettledAt !== undefined)) return
    const { changes, duplicates } = shelf.collect()
    for (const [key, problems] of duplicates) tell(`duplicate ${key}`, problems)
    const keeps = unread.length > 0 ? () => true : shelf.keeps()
    if (listed && !wasUnsure) {
      if (changes.length > 0) sink.changed(changes)
    } else {
      sink.listed({ kinds: KINDS, objects: shelf.objects(), ...(keeps ? { keeps } : {}) })
    }
    listed = true
    wasUnsure = keeps !== undefined
  }

  return {
    async run(signal: AbortSignal): Promise<void> {
      agenda.lookAtAll()
      let there = false
      while (!signal.aborted) {
        const { all, paths } = await agenda.next()
        if (signal.aborted) return
        const wanted = new Set(paths)
        if (all) there = await walkAll(wanted)
        if (!there) continue
        await lookAt([...wanted])
        await removeGone()
        if (signal.aborted) return
        if (there) emit()
      }
    },
    close(): void {
      watches.close()
      agenda.close()
      agenda.lookAtAll()
    },
  }
}

const error = (code: string, message: string, file: string | undefined): Problem => ({
  severity: 'error',
  code,
  message,
  place: file === undefined ? {} : { file },
})

const warning = (message: string, file: string): Problem => ({
  severity: 'warning',
  code: 'folder',
  message,
  place: { file: file || '.' },
})
