// Reads the settings of a process: a flag beats its variable, the variable beats the default. The only reader of the
// environment. A mistake is a line of text; all mistakes are found in one go, and no value of a secret stands in one.
import type { Setting } from './setting.ts'

export type Settings = Readonly<Record<string, Setting<unknown>>>
export type Values<S extends Settings> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never
}

export type Environment = Readonly<Record<string, string | undefined>>
/** What the command line gave, by the setting's name; `true` for a switch. */
export type Flags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>

export interface Read<S extends Settings> {
  /** Settings with a mistake are undefined. Whole once `mistakes` is empty. */
  readonly values: Partial<Values<S>>
  /** One line each. */
  readonly mistakes: readonly string[]
}

/** A copy of the process's environment. Everything else gets what it needs passed in. */
export const readEnvironment = (): Environment => ({ ...process.env })

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
/** `stateDir`: `--state-dir`. */
export const flagOf = (name: string): string => `--${kebab(name)}`
/** `stateDir`: `FLEETCAST_STATE_DIR`. */
export const variableOf = (name: string): string => `FLEETCAST_${kebab(name).replaceAll('-', '_').toUpperCase()}`

interface Source {
  /** The flag or variable, as the user wrote it. */
  readonly from: string
  readonly texts: readonly string[]
}

/** An empty variable counts as not set: that is how manifests and shells leave one out. */
export function readSettings<S extends Settings>(settings: S, flags: Flags, environment: Environment): Read<S> {
  const values: Record<string, unknown> = {}
  const mistakes: string[] = []
  for (const [name, setting] of Object.entries(settings)) {
    const source = sourceOf(name, setting, flags, environment)
    if (setting.required && source.texts.length === 0)
      mistakes.push(`${source.from} is missing (or ${variableOf(name)})`)
    const read = source.texts.map((text) => readText(setting, source.from, text))
    mistakes.push(...read.flatMap((r) => ('mistake' in r ? [r.mistake] : [])))
    const good = read.flatMap((r) => ('value' in r ? [r.value] : []))
    if (good.length === read.length) values[name] = setting.repeatable ? good : good[0]
  }
  // The keys are those of `settings`, and each value came out of the schema that its type is taken from.
  return { values: values as Partial<Values<S>>, mistakes }
}

/** The values, where nothing was wrong with them. */
export function complete<S extends Settings>(read: Read<S>): Values<S> | undefined {
  return read.mistakes.length === 0 ? (read.values as Values<S>) : undefined
}

function sourceOf(name: string, setting: Setting<unknown>, flags: Flags, environment: Environment): Source {
  const flag = flags[name]
  if (flag !== undefined) return { from: flagOf(name), texts: Array.isArray(flag) ? flag : [String(flag)] }
  const variable = variableOf(name)
  const text = environment[variable]
  if (text) return { from: variable, texts: setting.repeatable ? splitList(text) : [text] }
  return { from: flagOf(name), texts: setting.default === undefined ? [] : [setting.default] }
}

const splitList = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

function readText(setting: Setting<unknown>, from: string, text: string): { value: unknown } | { mistake: string } {
  const result = setting.schema.safeParse(text)
  if (result.success) return { value: result.data }
  const what = result.error.issues[0]?.message ?? 'right'
  return { mistake: `${from}: ${setting.secret ? 'what was given' : JSON.stringify(text)} is not ${what}` }
}
