// Plain JSON of a configuration, before it is known to be right: readers that take anything and never throw.
// Nothing here knows Envoy or protobuf.

export type JsonObject = { [key: string]: unknown }

const WRITTEN = Symbol('number as written')

/** A number that JavaScript would write differently: `1.10` may be a version text, 9007199254740993 must stay exact. */
export interface WrittenNumber {
  readonly [WRITTEN]: true
  readonly source: string
  /** NaN where the source is ambiguous (a leading zero is octal to YAML 1.1 and decimal to YAML 1.2). */
  readonly number: number
}

export const writtenNumber = (source: string, number: number): WrittenNumber => ({ [WRITTEN]: true, source, number })

export const isWrittenNumber = (v: unknown): v is WrittenNumber =>
  typeof v === 'object' && v !== null && Object.hasOwn(v, WRITTEN)

export const isObject = (v: unknown): v is JsonObject =>
  typeof v === 'object' && v !== null && !Array.isArray(v) && !Object.hasOwn(v, WRITTEN)

/** The mapping, or an empty one. */
export const asObject = (v: unknown): JsonObject => (isObject(v) ? v : {})

/** The list, one item as a list (Envoy takes it so), or an empty list for nothing. */
export function asList(v: unknown): readonly unknown[] {
  if (v === undefined || v === null) return []
  return Array.isArray(v) ? v : [v]
}

/** The text, or an empty one. */
export const asText = (v: unknown): string => (typeof v === 'string' ? v : '')

/**
 * A value as a message to the user may show it: short texts and numbers as written, the rest by its kind. A long text is
 * not shown at all: it may be a key that stands in the wrong place (rule 8).
 */
export function show(v: unknown): string {
  if (v === undefined) return 'nothing'
  if (v === null) return 'null'
  if (isWrittenNumber(v)) return v.source
  if (Array.isArray(v)) return 'a list'
  if (typeof v === 'object') return 'a mapping'
  if (typeof v !== 'string') return String(v)
  return v.length > 60 || v.includes('\n') ? 'a long text' : JSON.stringify(v)
}

/** The path of a member: `a.b`, `a[0]`, `a["x/y"]`. */
export function join(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`
  if (!/^[\w-]+$/.test(key)) return `${path}["${key}"]`
  return path ? `${path}.${key}` : key
}

/** The path of a field, whose name is always plain. */
export const dot = (path: string, field: string): string => (path === '' ? field : `${path}.${field}`)

/** The path `inner`, which starts at `outer`, from the root. */
export function within(outer: string, inner: string): string {
  if (outer === '' || inner === '' || inner.startsWith('[')) return outer + inner
  return `${outer}.${inner}`
}

/** The path without its last member; '' for a member of the root. */
export const parentOf = (path: string): string => path.replace(/(?:\.?[\w-]+|\[\d+\]|\["(?:[^"]|"(?!\]))*"\])$/, '')

/** Order by code units, the same on every machine. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
