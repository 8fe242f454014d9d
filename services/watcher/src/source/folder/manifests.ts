// Reads the text of one file: documents into objects and problems. Pure. A document that did not change since the last
// reading is not parsed again, so that a large file with one edit costs that edit.
import { type Kind, type KubeObject, type ObjectKey, objectKey } from '@fleetcast/shared/objects/object'
import type { Problem } from '@fleetcast/shared/objects/problem'
import { LineCounter, parseDocument } from 'yaml'
import { field, formatPath, keyOf, type Mistake } from '../../cut/cut.ts'
import { cutObject, kindOf } from '../../cut/cut-object.ts'
import { configurationKey, fleetOf } from './envoy-file.ts'
import { at, locate } from './locate.ts'

/** What stands in manifests without a namespace. */
const NAMESPACE = 'default'
/** More aliases than a person writes: an exponential document ends here. */
const MAX_ALIASES = 1_000

export interface ReadFile {
  readonly objects: ReadonlyMap<ObjectKey, KubeObject>
  /** Objects that are there but wrong: their last good form stays. */
  readonly held: ReadonlySet<ObjectKey>
  /** A document can't be told which object it is: whatever this file had and lacks now may be it. */
  readonly broken: boolean
  readonly problems: readonly Problem[]
  /** For the next reading of the same file. */
  readonly documents: ReadonlyMap<string, ReadDocument>
}

interface ReadDocument {
  readonly objects: readonly KubeObject[]
  readonly held: readonly ObjectKey[]
  readonly broken: boolean
  /** Lines count from the document's first. */
  readonly problems: readonly Problem[]
}

/** `path`: relative to the folder. `before`: the documents of the last reading. */
export function readManifests(text: string, path: string, before?: ReadFile['documents']): ReadFile {
  const objects = new Map<ObjectKey, KubeObject>()
  const held = new Set<ObjectKey>()
  const problems: Problem[] = []
  const documents = new Map<string, ReadDocument>()
  let broken = false
  for (const part of splitDocuments(text)) {
    const read = before?.get(part.text) ?? documents.get(part.text) ?? readDocument(part.text, path)
    documents.set(part.text, read)
    broken ||= read.broken
    for (const key of read.held) held.add(key)
    for (const problem of read.problems) problems.push(shift(problem, part.line))
    for (const object of read.objects) {
      const key = objectKey(object)
      if (objects.has(key)) problems.push(twice(key, path, part.line))
      else objects.set(key, object)
    }
  }
  for (const key of objects.keys()) held.delete(key)
  return { objects, held, broken, problems, documents }
}

/** At the start of a line `---` always begins a document, in block scalars too, so the text can be cut there unparsed. */
function splitDocuments(text: string): { text: string; line: number }[] {
  if (!text.includes('---')) return [{ text, line: 0 }]
  const parts: { text: string; line: number }[] = []
  let line = 0
  for (const part of text.split(/^(?=---(?:\s|$))/m)) {
    parts.push({ text: part, line })
    line += part.split('\n').length - 1
  }
  return parts
}

const shift = (problem: Problem, lines: number): Problem =>
  lines === 0 || problem.place.line === undefined
    ? problem
    : { ...problem, place: { ...problem.place, line: problem.place.line + lines } }

const twice = (key: ObjectKey, path: string, line: number): Problem => ({
  severity: 'error',
  code: 'duplicate',
  message: 'stands twice in this file; the first one counts',
  place: { object: key, file: path, line: line + 1 },
})

function readDocument(text: string, path: string): ReadDocument {
  const parsed = parse(text)
  if ('problem' in parsed) {
    return {
      objects: [],
      held: [],
      broken: true,
      problems: [{ ...parsed.problem, place: { ...parsed.problem.place, file: path } }],
    }
  }
  const document = parsed.value
  if (document === null || document === undefined) return NOTHING
  const key = configurationKey(document)
  if (key) return { ...NOTHING, objects: [fleetOf(path, key, text)] }
  if (typeof field(document, 'kind') !== 'string') return unknownDocument(path)
  const parts: ReadDocument[] = itemsOf(document).map(({ raw, kind, at }) => readObject(raw, kind, at, path, text))
  return {
    objects: parts.flatMap((part) => part.objects),
    held: parts.flatMap((part) => part.held),
    broken: parts.some((part) => part.broken),
    problems: parts.flatMap((part) => part.problems),
  }
}

const NOTHING: ReadDocument = { objects: [], held: [], broken: false, problems: [] }

const unknownDocument = (path: string): ReadDocument => ({
  ...NOTHING,
  broken: true,
  problems: [
    {
      severity: 'warning',
      code: 'kind',
      message: 'has no kind and is no Envoy configuration: passed over',
      place: { file: path, line: 1 },
    },
  ],
})

interface Item {
  readonly raw: unknown
  readonly kind: Kind | undefined
  readonly at: readonly (string | number)[]
}

/** The objects of a `List`, or the one that the document is. Items of a typed list need not repeat their kind. */
function itemsOf(document: unknown): readonly Item[] {
  const items = field(document, 'items')
  const kind = String(field(document, 'kind'))
  if (!kind.endsWith('List') || !Array.isArray(items)) return [{ raw: document, kind: kindOf(document), at: [] }]
  const typed = { kind: kind.slice(0, -'List'.length), apiVersion: field(document, 'apiVersion') }
  return items.map((raw: unknown, at) => ({
    raw,
    kind: field(raw, 'kind') === undefined ? kindOf(typed) : kindOf(raw),
    at: ['items', at],
  }))
}

/** Other kinds are passed over without a word. */
function readObject(raw: unknown, kind: Kind | undefined, at: Item['at'], path: string, text: string): ReadDocument {
  if (kind === undefined) return NOTHING
  const source = { kind, namespace: NAMESPACE, raw, origin: path }
  const { objects, mistakes } = cutObject(source)
  if (mistakes.length === 0) return { ...NOTHING, objects }
  const key = keyOf(source)
  const problems = mistakes.map((mistake) => problemOf(mistake, key ?? kind, path, at, text))
  return { objects: [], held: key === undefined ? [] : [key], broken: key === undefined, problems }
}

function problemOf(mistake: Mistake, object: string, file: string, prefix: Item['at'], text: string): Problem {
  const path = [...prefix, ...mistake.path]
  const { code, message } = mistake
  return { severity: 'error', code, message, place: { object, file, ...locate(text, path), path: formatPath(path) } }
}

/** JSON by the fast parser; everything else, and JSON with a mistake, as YAML, which knows the line. */
function parse(text: string): { readonly value: unknown } | { readonly problem: Problem } {
  if (text.trimStart().startsWith('{')) {
    try {
      return { value: JSON.parse(text) }
    } catch {
      // YAML's flow style looks like JSON.
    }
  }
  try {
    return parseYaml(text)
  } catch (error) {
    // Too many aliases, or nested deeper than the stack.
    const message = error instanceof ReferenceError ? error.message : 'can not be read: it is nested too deeply'
    return { problem: { severity: 'error', code: 'yaml', message, place: { line: 1 } } }
  }
}

function parseYaml(text: string): { readonly value: unknown } | { readonly problem: Problem } {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, logLevel: 'silent' })
  const error = document.errors[0]
  if (!error) return { value: document.toJS({ maxAliasCount: MAX_ALIASES }) }
  // What the parser says may quote the text, and no text of a Secret may stand in a problem (rule 8).
  const message = /kind["']?\s*:\s*["']?Secret/.test(text) ? `is no YAML (${error.code})` : error.message
  return { problem: { severity: 'error', code: 'yaml', message, place: at(lines, error.pos[0]) } }
}
