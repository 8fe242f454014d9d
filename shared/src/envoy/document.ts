// One document (a key of a ConfigMap, or a file) read into resources: YAML or JSON in, items and problems out. Pure, and
// never throws on what a user wrote. The smallest document is a resource (design, section 11): a text that can't be
// parsed yields nothing at all, in one that parses each item stands for itself, and what could not be read is named in
// `failed`, so that the caller can keep its last good form (rule 5).
import type { Problem } from '../objects/problem.ts'
import type { TypeUrl } from '../resources/resource.ts'
import { type RawItem, splitDocument } from './document-items.ts'
import { type DocumentItem, type DocumentOptions, readItem } from './item.ts'
import { locate, type Position, readYaml } from './yaml-positions.ts'

export interface DocumentInput extends DocumentOptions {
  readonly text: string
  /** The key of the ConfigMap or the path of the file: `listeners.yaml` says what a bare list holds. */
  readonly name: string
}

/** What could not be read: enough to find its last good form. */
export interface FailedItem {
  readonly type: TypeUrl | undefined
  readonly name: string | undefined
  /** Its index in its list. */
  readonly index: number
  readonly path: string
}

export interface DocumentResult {
  /** False: the text as a whole could not be read, so everything in it keeps its last good form. */
  readonly readable: boolean
  readonly items: readonly DocumentItem[]
  readonly failed: readonly FailedItem[]
  /** Places hold line, column and path; the caller adds site, object and key. */
  readonly problems: readonly Problem[]
}

export function readDocument({ text, name, ...options }: DocumentInput): DocumentResult {
  const { value, positions, issues } = readYaml(text)
  if (issues.length > 0) {
    const problems = issues.map(({ message, path, line, column }) => problem('yaml', message, path, at(line, column)))
    return { readable: false, items: [], failed: [], problems }
  }
  const split = splitDocument(value, name, options.types)
  const problems = split.issues.map((i) =>
    problem('document', i.message, i.path, locate(positions, i.path) ?? { line: 1, column: 1 }, i.severity),
  )
  if (split.items === undefined) return { readable: false, items: [], failed: [], problems }

  const items: DocumentItem[] = []
  const failed: FailedItem[] = []
  const twice = namesGivenTwice(split.items)
  for (const raw of split.items) {
    const read = readItem(raw, positions, options)
    problems.push(...read.problems)
    const key = `${raw.type} ${raw.name}`
    if (twice.has(key)) {
      const message = `the name "${raw.name}" is given twice in this document: both keep their last good form`
      problems.push(problem('duplicate', message, raw.path, locate(positions, raw.path)))
    }
    if (read.item && !twice.has(key)) items.push(read.item)
    else failed.push({ type: raw.type, name: read.item?.name ?? raw.name, index: raw.index, path: raw.path })
  }
  return { readable: true, items, failed, problems }
}

/** Which of two is meant nobody can tell, so neither is used. */
function namesGivenTwice(items: readonly RawItem[]): ReadonlySet<string> {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const { type, name } of items) {
    if (type === undefined || name === undefined) continue
    const key = `${type} ${name}`
    if (seen.has(key)) twice.add(key)
    seen.add(key)
  }
  return twice
}

const at = (line: number | undefined, column: number | undefined): Position | undefined =>
  line === undefined || column === undefined ? undefined : { line, column }

function problem(
  code: string,
  message: string,
  path: string,
  position: Position | undefined,
  severity: Problem['severity'] = 'error',
): Problem {
  return { severity, code, message, place: { ...position, ...(path === '' ? {} : { path }) } }
}
