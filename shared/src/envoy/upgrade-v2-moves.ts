// The small steps that rules of the v2 upgrade are made of: move a field, drop it, replace a value. A rule edits one
// message, whose keys are in snake_case, in place, takes anything for a value and never throws.
import type { JsonObject } from './json-value.ts'

export interface RuleContext {
  /** A field moved. */
  readonly moved: (from: string, to: string) => void
  /** Where a part of what moved stands now, when the new form is deeper; for problems' places only. */
  readonly placed: (from: string, to: string) => void
  /** A value was replaced. */
  readonly set: (field: string, from: unknown, to: string) => void
  /** Nothing in v3 does this. */
  readonly lost: (field: string, why: string) => void
  /** TLS contexts differ for clusters and listeners. */
  readonly side: 'Upstream' | 'Downstream'
}
export type Rule = (m: JsonObject, c: RuleContext) => void

export const url = (type: string): string => `type.googleapis.com/${type}`

export const move =
  (from: string, to: string, convert: (v: unknown) => unknown = (v) => v): Rule =>
  (m, c) => {
    if (!Object.hasOwn(m, from)) return
    const old = m[from]
    delete m[from]
    if (Object.hasOwn(m, to)) return c.lost(from, `${to} is set too and wins`)
    m[to] = convert(old)
    c.moved(from, to)
  }

export const drop =
  (field: string, why: string): Rule =>
  (m, c) => {
    if (!Object.hasOwn(m, field)) return
    delete m[field]
    c.lost(field, why)
  }

export const enumValue =
  (field: string, from: string, to: string): Rule =>
  (m, c) => {
    if (String(m[field]).toUpperCase() !== from) return
    m[field] = to
    c.set(field, from, to)
  }

/** AUTO, the default, means v2, which is gone. */
export const v3Only =
  (field: string): Rule =>
  (m, c) => {
    const version = m[field] ?? 'AUTO'
    if (!/^(AUTO|V2|[01])$/i.test(String(version))) return
    c.set(field, version, 'V3')
    m[field] = 'V3'
  }
