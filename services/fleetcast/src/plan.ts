// From the words of a command line and the environment to what is to be done. Runs nothing, so that everything that can be
// wrong with the words is said before anything starts.
import {
  complete,
  type Environment,
  type Flags,
  readSettings,
  type Settings,
  type Values,
} from '@fleetcast/shared/runtime/config'
import { helpOf, helpOfAll, readWords } from './command-line.ts'
import type { Verb } from './verb.ts'

export type Plan =
  | { readonly kind: 'print'; readonly text: string }
  /** A line each. */
  | { readonly kind: 'refuse'; readonly mistakes: readonly string[] }
  | {
      readonly kind: 'run'
      readonly verb: Verb
      readonly values: Values<Settings>
      readonly operands: readonly string[]
      readonly flags: Flags
    }

export interface PlanInput {
  readonly verbs: readonly Verb[]
  readonly words: readonly string[]
  readonly environment: Environment
  readonly version: string
}

export function plan({ verbs, words, environment, version }: PlanInput): Plan {
  const [first, ...rest] = words
  if (first === undefined) return { kind: 'refuse', mistakes: [helpOfAll(verbs).trimEnd()] }
  if (first === '--version' || first === '-V') return { kind: 'print', text: version }
  const isHelp = first === 'help' || first === '--help' || first === '-h'
  const name = isHelp ? rest[0] : first
  if (name === undefined) return { kind: 'print', text: helpOfAll(verbs).trimEnd() }
  const verb = verbs.find((v) => v.name === name)
  if (!verb) return { kind: 'refuse', mistakes: [`unknown verb ${JSON.stringify(name)}; fleetcast --help lists them`] }
  if (isHelp) return { kind: 'print', text: helpOf(verb).trimEnd() }
  return planVerb(verb, rest, environment)
}

function planVerb(verb: Verb, rest: readonly string[], environment: Environment): Plan {
  const words = readWords(verb, rest)
  if (words.asksHelp) return { kind: 'print', text: helpOf(verb).trimEnd() }
  if (!words.isReadable) return { kind: 'refuse', mistakes: words.mistakes }
  const read = readSettings(verb.settings, words.flags, environment)
  const mistakes = [...words.mistakes, ...read.mistakes, ...(verb.check?.(read.values, words.operands) ?? [])]
  const values = complete(read)
  if (mistakes.length > 0 || !values) return { kind: 'refuse', mistakes }
  return { kind: 'run', verb, values, operands: words.operands, flags: words.flags }
}
