// Every rule of protoc-gen-validate that Envoy's API uses, by kind. A rule nobody wrote yet throws when a type is first
// planned, so that a new version of the API can't weaken the checks silently; a test plans every type.
import type { DescField } from '@bufbuild/protobuf'
import type { ReflectMessage } from '@bufbuild/protobuf/reflect'
import { asList, asObject, join, show } from './json-value.ts'

/** Rules as canonical JSON: `{ minLen: "1" }`. */
export type Rules = { [key: string]: unknown }
export type Report = (path: string, rule: string, message: string) => void
/** Checks one value that is present; `path` names it. */
export type Check = (value: unknown, path: string, report: Report) => void
type Make = (rules: Rules, field: DescField) => Check

export function compileRules(kind: string, rules: Rules, field: DescField): Check {
  const names = Object.keys(rules).filter((r) => r !== 'strict' && r !== 'ignoreEmpty')
  const checks = names.map((name) => {
    const make = MAKERS[KIND[kind] ?? kind]?.[name]
    if (!make) throw new Error(`${field}: rule ${kind}.${name} is not supported`)
    return make(rules, field)
  })
  return (value, path, report) => {
    const v = unwrapped(value)
    if (rules.ignoreEmpty && (v === '' || v === 0 || v === 0n)) return
    for (const check of checks) check(v, path, report)
  }
}

/** Rules on a UInt32Value speak of its number. */
function unwrapped(value: unknown): unknown {
  const { desc } = (value ?? {}) as Partial<ReflectMessage>
  if (desc === undefined || !/^google\.protobuf\.\w+Value$/.test(desc.typeName)) return value
  const [field] = desc.fields
  return field ? (value as ReflectMessage).get(field) : value
}

const KIND: Readonly<Record<string, string>> = {
  int32: 'number',
  int64: 'number',
  uint32: 'number',
  uint64: 'number',
  float: 'number',
  double: 'number',
}

/** A check that complains when `ok` is false. The descriptor promises the type of the value: T is what it is. */
function rule<T>(name: string, ok: (v: T) => boolean, say: (v: T) => string): Check {
  return (v, path, report) => {
    if (!ok(v as T)) report(path, name, say(v as T))
  }
}

function nanos(m: ReflectMessage): bigint {
  const { seconds, nanos: rest } = m.message as unknown as { seconds: bigint; nanos: number }
  return seconds * 1_000_000_000n + BigInt(rest)
}
function parseNanos(limit: unknown): bigint {
  const [, sign, seconds = '0', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?s$/.exec(String(limit)) ?? []
  const n = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
  return sign ? -n : n
}
const characters = (s: string) => [...s].length
const sizeOf = (s: string) => Buffer.byteLength(s)

type Ordinal = number | bigint
/** lt, lte, gt and gte: JavaScript compares bigint with number, so one set serves every ordered kind. */
function ordered<T>(read: (v: T) => Ordinal, limit: (v: unknown) => Ordinal): Record<string, Make> {
  const make =
    (name: string, ok: (v: Ordinal, to: Ordinal) => boolean, words: string): Make =>
    (r) => {
      const to = limit(r[name])
      return rule<T>(
        name,
        (v) => ok(read(v), to),
        () => `must be ${words} ${r[name]}`,
      )
    }
  return {
    lt: make('lt', (v, to) => v < to, 'less than'),
    lte: make('lte', (v, to) => v <= to, 'at most'),
    gt: make('gt', (v, to) => v > to, 'greater than'),
    gte: make('gte', (v, to) => v >= to, 'at least'),
  }
}

const HEADER_NAME = /^:?[0-9a-zA-Z!#$%&'*+\-.^_|~`]+$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what the rule is about
const HEADER_VALUE = /^[^\0-\x08\x0a-\x1f\x7f]*$/
/** Both, where the rule says `strict: false`: the empty text too. */
const HEADER_LOOSE = /^[^\0\n\r]*$/

function headerRule(r: Rules): Check {
  const isName = r.wellKnownRegex === 'HTTP_HEADER_NAME'
  const strict = isName ? HEADER_NAME : HEADER_VALUE
  const re = r.strict === false ? HEADER_LOOSE : strict
  const what = isName ? 'header name' : 'header value'
  return rule<string>(
    'well_known_regex',
    (s) => re.test(s),
    (s) => `${show(s)} is no valid ${what}`,
  )
}

function itemCheck(rules: unknown, field: DescField): Check {
  const [kind, body] = Object.entries(asObject(rules))[0] ?? []
  if (kind === undefined) throw new Error(`${field}: rule for items is empty`)
  return compileRules(kind, asObject(body), field)
}

/** A size of something, against a bound. */
function size<T>(bound: string, measure: (v: T) => number, unit: string): Make {
  const isMin = bound.startsWith('min')
  const name = bound.replace(/[A-Z]/, (c) => `_${c.toLowerCase()}`)
  return (r) => {
    const to = Number(r[bound])
    const needed = to === 1 && unit === 'characters' ? 'must not be empty' : `at least ${to} ${unit} needed`
    return rule<T>(
      name,
      (v) => (isMin ? measure(v) >= to : measure(v) <= to),
      () => (isMin ? needed : `at most ${to} ${unit} allowed`),
    )
  }
}

const STRING: Record<string, Make> = {
  minLen: size('minLen', characters, 'characters'),
  maxLen: size('maxLen', characters, 'characters'),
  minBytes: size('minBytes', sizeOf, 'bytes'),
  maxBytes: size('maxBytes', sizeOf, 'bytes'),
  prefix: (r) =>
    rule<string>(
      'prefix',
      (s) => s.startsWith(String(r.prefix)),
      () => `must start with "${r.prefix}"`,
    ),
  suffix: (r) =>
    rule<string>(
      'suffix',
      (s) => s.endsWith(String(r.suffix)),
      () => `must end with "${r.suffix}"`,
    ),
  in: (r) =>
    rule<string>(
      'in',
      (s) => asList(r.in).includes(s),
      (s) => `${show(s)} is none of ${asList(r.in).map(show).join(', ')}`,
    ),
  pattern: (r) => {
    const re = new RegExp(String(r.pattern), 'u')
    return rule<string>(
      'pattern',
      (s) => re.test(s),
      (s) => `${show(s)} does not match ${r.pattern}`,
    )
  },
  wellKnownRegex: headerRule,
}

const ENUM: Record<string, Make> = {
  definedOnly: (_, f) =>
    rule<number>(
      'defined_only',
      (n) => n in (f.enum?.value ?? {}),
      (n) => `${n} is no value of ${f.enum?.typeName}`,
    ),
  notIn: (r, f) =>
    rule<number>(
      'not_in',
      (n) => !asList(r.notIn).includes(n),
      (n) => `${f.enum?.value[n]?.name ?? n} is not allowed here`,
    ),
}

interface Sized<T> extends Iterable<T> {
  readonly size: number
}

const REPEATED: Record<string, Make> = {
  minItems: size<Sized<unknown>>('minItems', (list) => list.size, 'item(s)'),
  maxItems: size<Sized<unknown>>('maxItems', (list) => list.size, 'item(s)'),
  unique: () =>
    rule<Sized<unknown>>(
      'unique',
      (list) => new Set([...list].map(String)).size === list.size,
      () => 'items must be unique',
    ),
  items: (r, f) => {
    const check = itemCheck(r.items, f)
    return (list, path, report) => {
      let i = 0
      for (const v of list as Iterable<unknown>) check(v, join(path, i++), report)
    }
  },
}

const eachEntry =
  (side: 0 | 1, part: 'keys' | 'values'): Make =>
  (r, f) => {
    const check = itemCheck(r[part], f)
    return (map, path, report) => {
      for (const entry of map as Iterable<[unknown, unknown]>) check(entry[side], join(path, String(entry[0])), report)
    }
  }

const MAKERS: Readonly<Record<string, Readonly<Record<string, Make>>>> = {
  number: ordered<Ordinal>(
    (v) => v,
    (v) => Number(v),
  ),
  duration: ordered<ReflectMessage>(nanos, parseNanos),
  bool: {
    const: (r) =>
      rule(
        'const',
        (v) => v === r.const,
        () => `must be ${r.const}`,
      ),
  },
  string: STRING,
  bytes: {
    minLen: size<Uint8Array>('minLen', (b) => b.length, 'byte(s)'),
    maxLen: size<Uint8Array>('maxLen', (b) => b.length, 'byte(s)'),
  },
  enum: ENUM,
  repeated: REPEATED,
  map: {
    minPairs: size<Sized<unknown>>('minPairs', (map) => map.size, 'pair(s)'),
    keys: eachEntry(0, 'keys'),
    values: eachEntry(1, 'values'),
  },
}
