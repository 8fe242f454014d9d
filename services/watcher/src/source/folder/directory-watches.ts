// The operating system's notices of what happens in a set of directories. A hint when to look, never what to believe: the
// walk decides what is there, and comes by itself every few seconds in case a notice is missing.
import { type FSWatcher, statSync, watch } from 'node:fs'
import { codeOf } from './walk.ts'

export interface DirectoryWatches {
  /** Watches the directory from now on. Fine if it is watched already, or is another one of the same name. */
  add(directory: string): void
  /** Ends all others. */
  keep(directories: { has(directory: string): boolean }): void
  close(): void
}

export interface DirectoryWatchesDeps {
  /** Something happened in the directory; no name: anything may have. */
  readonly onNotice: (directory: string, name: string | undefined) => void
  /** The system gives no notices of the directory: its limit is reached. */
  readonly onRefusal: (directory: string, code: string) => void
}

interface Watched {
  readonly watcher: FSWatcher
  /** Tells a directory from a later one of the same path. */
  readonly identity: string
}

export function createDirectoryWatches({ onNotice, onRefusal }: DirectoryWatchesDeps): DirectoryWatches {
  const watched = new Map<string, Watched>()

  const drop = (directory: string): void => {
    watched.get(directory)?.watcher.close()
    watched.delete(directory)
  }
  const open = (directory: string, identity: string): void => {
    const watcher = watch(directory, { persistent: true }, (_event, name) => onNotice(directory, name ?? undefined))
    watcher.on('error', () => {
      drop(directory)
      onNotice(directory, undefined)
    })
    watched.set(directory, { watcher, identity })
  }

  return {
    add(directory) {
      try {
        const { ino, dev, birthtimeMs } = statSync(directory)
        const identity = `${dev}:${ino}:${birthtimeMs}`
        if (watched.get(directory)?.identity === identity) return
        drop(directory)
        open(directory, identity)
      } catch (error) {
        const code = codeOf(error)
        if (code !== 'ENOENT') onRefusal(directory, code)
      }
    },
    keep(directories) {
      for (const directory of watched.keys()) if (!directories.has(directory)) drop(directory)
    },
    close() {
      for (const directory of watched.keys()) drop(directory)
    },
  }
}
