// Kinds of settings: what a flag and its variable take, and how their text is read. Values only; nothing is read here.
import { z } from 'zod'
import { type Address, parseAddress } from './address.ts'

/** One setting. Its name in camelCase gives the flag (`stateDir`: `--state-dir`) and the variable (`FLEETCAST_STATE_DIR`). */
export interface Setting<T> {
  readonly about: string
  /** What stands for the value in help, for instance `ADDR`. Absent: a switch. */
  readonly value?: string
  /** Reads the text; of a `repeatable` setting each text by itself. Its messages follow "… is not". */
  readonly schema: z.ZodType
  /** As text, read as if it had been given. */
  readonly default?: string
  /** There is no default, and it must be given. */
  readonly required?: boolean
  /** The flag can be given several times, or with several values; the variable separates them by commas. */
  readonly repeatable?: boolean
  /** Its value is never shown, not even where it is wrong. */
  readonly secret?: boolean
  /** Has no flag: a command line can be read by every user of the machine. */
  readonly environmentOnly?: boolean
  /** Only for the type: what `schema` gives. */
  readonly type?: T
}

interface Details<D extends string | undefined, R extends boolean> {
  readonly value?: string
  readonly default?: D
  readonly required?: R
  readonly secret?: boolean
  readonly environmentOnly?: boolean
}

/** Without a default, and not required, the setting may be undefined. */
type Given<T, D, R> = D extends string ? T : R extends true ? T : T | undefined

const kind =
  <T>(schema: z.ZodType<T>, value: string) =>
  <const D extends string | undefined = undefined, const R extends boolean = false>(
    about: string,
    details: Details<D, R> = {},
  ): Setting<Given<T, D, R>> => {
    const { default: text, ...rest } = details
    return { about, schema, value, ...rest, ...(text === undefined ? {} : { default: text }) }
  }

/** A text schema that reads with `read`; undefined means it is not `what`. */
const readAs = <T>(what: string, read: (text: string) => T | undefined): z.ZodType<T> =>
  z.string().transform((text, context) => {
    const value = read(text)
    if (value !== undefined) return value
    context.addIssue({ code: 'custom', message: what })
    return z.NEVER
  })

const YES = new Set(['true', '1', 'yes', 'on'])
const NO = new Set(['false', '0', 'no', 'off'])
const readSwitch = (text: string): boolean | undefined => {
  const word = text.toLowerCase()
  return YES.has(word) ? true : NO.has(word) ? false : undefined
}

const readNumber = (text: string): number | undefined => (/^\d{1,9}$/.test(text) ? Number(text) : undefined)

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
const readDuration = (text: string): number | undefined => {
  const [, digits, unit] = /^(\d{1,9})(ms|s|m|h)$/.exec(text) ?? []
  return digits === undefined || unit === undefined ? undefined : Number(digits) * (UNITS[unit] ?? 1)
}

const filled = (text: string): string | undefined => (text === '' ? undefined : text)
const listed = (words: readonly string[]) => (text: string) => words.find((word) => word === text)

export const text = kind(readAs('a text with something in it', filled), 'TEXT')
export const path = kind(readAs('a path', filled), 'PATH')
export const count = kind(readAs('a whole number', readNumber), 'N')
/** Milliseconds, written `250ms`, `30s`, `5m`, `1h`. */
export const duration = kind(readAs('a time such as 500ms, 30s or 5m', readDuration), 'TIME')
export const address = kind<Address>(readAs('HOST:PORT', parseAddress), 'ADDR')
/** What `read` takes; it gives undefined for a text that is not `what`. */
export const textThat = <T>(what: string, value: string, read: (text: string) => T | undefined) =>
  kind(readAs(what, read), value)
/** Letters, digits and `._-`: what may stand in a Redis key or a file name. */
export const word = kind(
  readAs('a word of letters, digits and ._-', (t) => (/^[\w][\w.-]{0,252}$/.test(t) ? t : undefined)),
  'NAME',
)
export const choice = <const W extends string>(words: readonly W[]) =>
  kind<W>(
    readAs(`one of ${words.join(', ')}`, (t) => listed(words)(t) as W | undefined),
    words.join('|'),
  )

export const flag = (about: string): Setting<boolean> => ({
  about,
  schema: readAs('true or false', readSwitch),
  default: 'false',
})

/** Several values of one kind; none given is an empty list. */
export const several = <T>(setting: Setting<T | undefined>): Setting<readonly T[]> => {
  const { type: _type, ...rest } = setting
  return { ...rest, repeatable: true }
}
