// The leaves of canonical JSON: what Envoy takes for a text, a number, a boolean, bytes, a duration, and free JSON.
// Each answers the canonical value, or reports and answers null.
import { type JsonValue, ScalarType } from '@bufbuild/protobuf'
import { isObject, isWrittenNumber, type JsonObject, join, show } from './json-value.ts'

export interface Report {
  readonly bad: (path: string, message: string) => null
}

export function text(value: unknown, path: string, c: Report): JsonValue {
  if (typeof value === 'string') return value
  // As Envoy does: 1.10 is the text "1.10", but a whole number is refused.
  if (isWrittenNumber(value) && !/^[-+]?\w+$/.test(value.source)) return value.source
  if (typeof value === 'number' && !Number.isInteger(value)) return String(value)
  const hint = typeof value === 'number' || typeof value === 'boolean' || isWrittenNumber(value)
  return c.bad(path, `text expected, got ${show(value)}${hint ? ': put it in quotes' : ''}`)
}

export function boolean(value: unknown, path: string, c: Report): JsonValue {
  if (typeof value === 'boolean') return value
  if (/^(true|yes|on|y)$/i.test(String(value))) return true
  return /^(false|no|off|n)$/i.test(String(value)) ? false : c.bad(path, `true or false expected, got ${show(value)}`)
}

/** Base64 with or without padding, also in the URL alphabet. The content is never shown: it may be a key. */
export function bytes(value: unknown, path: string, c: Report): JsonValue {
  if (typeof value !== 'string' || !/^[\w+/-]*={0,2}$/.test(value)) return c.bad(path, 'base64 text expected')
  return Buffer.from(value, 'base64').toString('base64')
}

export function floating(value: unknown, path: string, c: Report): JsonValue {
  if (value === 'NaN') return value
  let number = value
  if (isWrittenNumber(value)) number = value.number
  else if (typeof value === 'string' && value.trim() === value && value !== '') number = Number(value)
  if (typeof number === 'number' && Number.isFinite(number)) return number
  return c.bad(path, `number expected, got ${show(value)}`)
}

const UNSIGNED = new Set([ScalarType.UINT32, ScalarType.UINT64, ScalarType.FIXED32, ScalarType.FIXED64])
const LONG = new Set([ScalarType.INT64, ScalarType.UINT64, ScalarType.SINT64, ScalarType.FIXED64, ScalarType.SFIXED64])

export const isWhole = (word: string): boolean => /^-?\d+$/.test(word)

export function integer(value: unknown, type: ScalarType, path: string, c: Report): JsonValue {
  const exact = exactInteger(value)
  if (exact === undefined) return c.bad(path, `whole number expected, got ${show(value)}`)
  const bits = LONG.has(type) ? 64n : 32n
  const [low, high] = UNSIGNED.has(type) ? [0n, (1n << bits) - 1n] : [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n]
  if (exact < low || exact > high) return c.bad(path, `${exact} is not between ${low} and ${high}`)
  return bits === 64n ? String(exact) : Number(exact)
}

function exactInteger(value: unknown): bigint | undefined {
  let source = ''
  if (isWrittenNumber(value)) source = value.source
  else if (typeof value === 'number' || typeof value === 'string') source = String(value)
  if (/^-?(0|[1-9]\d*)$/.test(source)) return BigInt(source)
  if (isWrittenNumber(value) && /^0x[0-9a-f]+$/i.test(source)) return BigInt(source)
  // 10000.0 and 1e4 are whole; a number with a leading zero is octal to Envoy and decimal to YAML 1.2: refused.
  if (!/^-?[1-9]\d*(\.\d+)?(e\+?\d+)?$/i.test(source) || !Number.isSafeInteger(Number(source))) return undefined
  return BigInt(Number(source))
}

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, m: 60, h: 3600 }

/** Envoy refuses every negative duration, whatever the field. */
export function durationOf(value: unknown, path: string, c: Report): JsonValue {
  const whole = isObject(value) ? wholeDuration(value) : value
  if (typeof whole === 'string' && /^\d{1,12}(\.\d{1,9})?s$/.test(whole)) return whole
  const [, amount, unit = 's'] =
    /^(\d+(?:\.\d+)?)(ms|m|h)?$/.exec(isWrittenNumber(value) ? value.source : String(value)) ?? []
  const hint = amount ? ` (did you mean "${Number(amount) * (UNITS[unit] ?? 1)}s"?)` : ''
  return c.bad(path, `duration in seconds expected, such as "0.25s", got ${show(value)}${hint}`)
}

function wholeDuration(value: JsonObject): string | undefined {
  const { seconds = 0, nanos = 0, ...rest } = value
  if (Object.keys(rest).length > 0) return undefined
  return /^\d+$/.test(String(seconds)) && /^\d{1,9}$/.test(String(nanos))
    ? `${seconds}.${String(nanos).padStart(9, '0')}s`
    : undefined
}

/** Free JSON (Struct, Value): numbers as doubles, as Envoy reads them. */
export function plainJson(value: unknown, path: string, c: Report): JsonValue {
  if (isWrittenNumber(value)) {
    if (Number.isFinite(value.number)) return value.number
    return c.bad(path, `number expected, got ${value.source}: write it without a leading zero, or in quotes`)
  }
  if (Array.isArray(value)) return value.map((v, i) => plainJson(v, join(path, i), c))
  if (isObject(value))
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plainJson(v, join(path, k), c)]))
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  return c.bad(path, `JSON expected, got ${show(value)}`)
}
