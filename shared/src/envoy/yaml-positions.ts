// One YAML (or JSON) document as plain JSON, with the line and column of every path. Never throws: what can't be read is
// an issue. Refused though Envoy takes it, because it is ambiguous: duplicate keys, several documents.
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type Scalar,
} from 'yaml'
import { isObject, type JsonObject, join, parentOf, writtenNumber } from './json-value.ts'

export interface Position {
  readonly line: number
  readonly column: number
}
export interface Issue extends Partial<Position> {
  readonly path: string
  readonly message: string
  /** Absent means error. */
  readonly severity?: 'warning'
}
export type Positions = ReadonlyMap<string, Position>
export interface Located {
  readonly value: unknown
  readonly positions: Positions
  /** Not empty: the whole document is unusable. */
  readonly issues: readonly Issue[]
}

const TOP: Position = { line: 1, column: 1 }
/** After aliases are followed: a few lines of YAML can otherwise unfold to gigabytes. */
const MAX_NODES = 500_000
/** Envoy's own protobuf parser stops at 100 messages within each other. */
const MAX_DEPTH = 200

export function readYaml(text: string): Located {
  const lines = new LineCounter()
  const nothing = new Map<string, Position>()
  try {
    const docs = parseAllDocuments(text, {
      lineCounter: lines,
      version: '1.2',
      merge: true,
      uniqueKeys: true,
      intAsBigInt: true,
    })
    const issues: Issue[] = []
    for (const { pos, message } of docs.flatMap((d) => [...d.errors, ...d.warnings])) {
      const { line, col } = lines.linePos(pos[0])
      issues.push({ path: '', line, column: col, message: message.split(' at line')[0] ?? message })
    }
    const [doc] = docs
    if (doc === undefined || docs.length > 1 || isEmpty(doc)) issues.push({ path: '', ...countIssue(docs.length) })
    if (issues.length > 0 || doc === undefined) return { value: undefined, positions: nothing, issues }
    return createReader(doc, lines)
  } catch (error) {
    // The parser recurses: a text of nothing but brackets ends its stack.
    const message = error instanceof RangeError ? 'nested too deeply' : String(error)
    return { value: undefined, positions: nothing, issues: [{ path: '', line: 1, column: 1, message }] }
  }
}

type AnyDocument = Document.Parsed

const isEmpty = (doc: AnyDocument) => doc.contents === null || (isScalar(doc.contents) && doc.contents.value === null)
const countIssue = (count: number) => ({
  line: 1,
  column: 1,
  message: count > 1 ? 'one YAML document expected, found several' : 'the document is empty',
})

function createReader(doc: AnyDocument, lines: LineCounter): Located {
  const issues: Issue[] = []
  const positions = new Map<string, Position>()
  let nodes = 0

  function plain(node: unknown, path: string, depth: number): unknown {
    if (++nodes > MAX_NODES || depth > MAX_DEPTH) {
      if (nodes <= MAX_NODES + 1)
        issues.push({ path, ...(locate(positions, path) ?? TOP), message: 'nested too deeply, or endless' })
      nodes = Math.max(nodes, MAX_NODES + 1)
      return null
    }
    if (isAlias(node)) {
      const target = node.resolve(doc)
      if (target !== undefined) return plain(target, path, depth + 1)
      const at = node.range ? lines.linePos(node.range[0]) : undefined
      const place = at ? { line: at.line, column: at.col } : TOP
      issues.push({ path, ...place, message: `there is no anchor "&${node.source}" before this alias` })
      return null
    }
    if (isSeq(node)) return node.items.map((item, i) => plain(mark(item, join(path, i)), join(path, i), depth + 1))
    if (isMap(node)) return mapping(node.items, path, depth)
    return isScalar(node) ? scalar(node) : null
  }

  function mapping(pairs: readonly { key: unknown; value: unknown }[], path: string, depth: number): JsonObject {
    const out: JsonObject = {}
    const merged: unknown[] = []
    for (const { key, value } of pairs) {
      const name = isScalar(key) ? String(key.source ?? key.value) : '__proto__'
      if (name === '__proto__') {
        issues.push({ path, ...(locate(positions, path) ?? TOP), message: 'keys must be plain text' })
        continue
      }
      const here = join(path, name)
      if (name === '<<') {
        merged.push(...[plain(value, path, depth + 1)].flat())
        continue
      }
      mark(key, here)
      out[name] = plain(value, here, depth + 1)
    }
    for (const from of merged) {
      for (const [k, v] of Object.entries(isObject(from) ? from : {})) if (!Object.hasOwn(out, k)) out[k] = v
    }
    return out
  }

  function mark(node: unknown, path: string): unknown {
    const { range } = (node ?? {}) as Partial<Node>
    if (range) {
      const { line, col } = lines.linePos(range[0])
      positions.set(path, { line, column: col })
    }
    return node
  }

  const value = plain(doc.contents, '', 0)
  if (nodes > MAX_NODES && issues.length === 0) {
    issues.push({ path: '', line: 1, column: 1, message: 'the document is too large once its aliases are followed' })
  }
  return { value, positions, issues }
}

/** A plain number only where it says exactly what was written. */
function scalar({ value, source = '' }: Scalar): unknown {
  if (typeof value === 'bigint') {
    if (/^[-+]?0[0-9o]/.test(source)) return writtenNumber(source, Number.NaN)
    return Number.isSafeInteger(Number(value)) ? Number(value) : writtenNumber(String(value), Number(value))
  }
  if (typeof value === 'number') {
    if (Number.isNaN(value)) return 'NaN'
    return String(value) === source ? value : writtenNumber(source, value)
  }
  return value
}

/** Where a path was written, or the nearest path above it that was. */
export function locate(positions: Positions, path: string): Position | undefined {
  for (let p = path; p; ) {
    const hit = positions.get(p)
    if (hit) return hit
    const parent = parentOf(p)
    if (parent === p) return undefined
    p = parent
  }
  return undefined
}
