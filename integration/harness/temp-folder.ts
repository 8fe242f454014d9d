// A folder that lives as long as a test, with what tests do to manifests in it.
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export interface TempFolder extends Disposable {
  readonly path: string
  /** Writes beside and renames over, as editors do, so that nobody reads half a file. Makes sub-folders. */
  write(name: string, text: string): void
  read(name: string): string
  /** Writes the file again with every occurrence replaced; throws where there is none. */
  replace(name: string, from: string, to: string): void
  remove(name: string): void
}

export function tempFolder(): TempFolder {
  const path = mkdtempSync(join(tmpdir(), 'fleetcast-'))
  const read = (name: string): string => readFileSync(join(path, name), 'utf8')
  const write = (name: string, text: string): void => {
    const file = join(path, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(`${file}~`, text)
    renameSync(`${file}~`, file)
  }
  return {
    path,
    write,
    read,
    replace(name, from, to) {
      const text = read(name)
      if (!text.includes(from)) throw new Error(`${name} does not hold ${from}`)
      write(name, text.replaceAll(from, to))
    },
    remove: (name) => rmSync(join(path, name), { recursive: true }),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  }
}
