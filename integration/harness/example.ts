// The folders of deploy/examples in a temp folder, as a user would edit them: other ports, other addresses.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TempFolder, tempFolder } from './temp-folder.ts'

const examples = join(import.meta.dirname, '../../deploy/examples')

/** A copy of the example's YAML files. Each text of `edits` must stand in one of them, and is replaced everywhere. */
export function copyExample(name: string, edits: readonly (readonly [from: string, to: string])[]): TempFolder {
  const folder = tempFolder()
  const files = readdirSync(join(examples, name)).filter((file) => file.endsWith('.yaml'))
  const texts = new Map(files.map((file) => [file, readFileSync(join(examples, name, file), 'utf8')]))
  for (const [from, to] of edits) {
    if (![...texts.values()].some((text) => text.includes(from))) throw new Error(`${name} does not hold ${from}`)
    for (const [file, text] of texts) texts.set(file, text.replaceAll(from, to))
  }
  for (const [file, text] of texts) folder.write(file, text)
  return folder
}
