// One walk through a folder: which manifests are there, and which directories must be watched to hear of more. Follows
// symbolic links once. Hidden names are passed over: editors' swap files, `.git`, the `..data` of ConfigMap volumes.
import type { Dirent, Stats } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'

export interface Walk {
  /** Paths relative to the root, of what is a file by its name; whether it can be read shows when it is. */
  readonly files: ReadonlySet<string>
  /** Real paths of directories, with the path relative to the root under which their names are reached; undefined: outside of it. */
  readonly directories: ReadonlyMap<string, string | undefined>
  /** Directories, relative to the root, that are there but can't be read: what is below them is unknown. */
  readonly unread: ReadonlyMap<string, string>
}

const EXTENSIONS = ['.yaml', '.yml', '.json']

export const isManifest = (name: string): boolean =>
  !name.startsWith('.') && EXTENSIONS.includes(extname(name).toLowerCase())

/**
 * Undefined where the root is absent or no directory. `watch` is called before a directory is read, so that
 * nothing that comes into being meanwhile is missed.
 */
export async function walk(root: string, watch: (directory: string) => void): Promise<Walk | undefined> {
  if (!(await statOf(root))?.isDirectory()) return undefined
  const files = new Set<string>()
  const directories = new Map<string, string | undefined>()
  const unread = new Map<string, string>()

  const enter = async (relative: string): Promise<void> => {
    const real = await realpath(join(root, relative)).catch(() => undefined)
    // A second way to the same directory (a loop of links, too) brings nothing new.
    if (real === undefined || directories.has(real)) return
    directories.set(real, relative)
    watch(real)
    const entries = await readdir(real, { withFileTypes: true }).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') unread.set(relative, codeOf(error))
      return []
    })
    entries.sort((a, b) => (a.name < b.name ? -1 : 1))
    for (const entry of entries) if (!entry.name.startsWith('.')) await take(entry, join(relative, entry.name), real)
  }

  const take = async (entry: Dirent, relative: string, directory: string): Promise<void> => {
    if (entry.isDirectory()) return enter(relative)
    if (entry.isFile() && isManifest(entry.name)) files.add(relative)
    if (!entry.isSymbolicLink()) return
    const path = join(directory, entry.name)
    const target = await statOf(path)
    if (target?.isDirectory()) return enter(relative)
    if (!target?.isFile() || !isManifest(entry.name)) return
    files.add(relative)
    const real = await realpath(path).catch(() => undefined)
    const home = real === undefined ? undefined : dirname(real)
    if (home === undefined || directories.has(home)) return
    directories.set(home, undefined)
    watch(home)
  }

  await enter('')
  // The root went away in between: what was seen is no list.
  return (await statOf(root))?.isDirectory() ? { files, directories, unread } : undefined
}

const statOf = (path: string): Promise<Stats | undefined> => stat(path).catch(() => undefined)

export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error)
