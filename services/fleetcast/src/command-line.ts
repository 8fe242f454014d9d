// From words on a command line to a verb and its flags, and from verbs to help. Reads no environment and runs nothing.
import { type Flags, flagOf, type Settings, variableOf } from '@fleetcast/shared/runtime/config'
import type { Setting } from '@fleetcast/shared/runtime/setting'
import { Command, CommanderError, Option } from 'commander'
import type { Verb } from './verb.ts'

export interface Words {
  readonly operands: readonly string[]
  readonly flags: Flags
  readonly asksHelp: boolean
  /** False where reading stopped at a mistake: the rest is not known. */
  readonly isReadable: boolean
  readonly mistakes: readonly string[]
}

/** Reads the words after the verb. Finds every mistake that can be found without reading a value. */
export function readWords(verb: Verb, words: readonly string[]): Words {
  const command = commandOf(verb)
  try {
    const { operands, unknown } = command.parseOptions([...words])
    const asksHelp = unknown.includes('--help') || unknown.includes('-h')
    const strange = unknown.filter((word) => word.startsWith('-')).map((word) => `unknown flag ${word.split('=')[0]}`)
    // After an unknown flag nobody knows which words are its values: the operands are not counted then.
    const mistakes = strange.length > 0 ? strange : countMistakes(verb, operands)
    return { operands, flags: command.opts(), asksHelp, isReadable: true, mistakes }
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    const asksHelp = words.includes('--help') || words.includes('-h')
    return { operands: [], flags: {}, asksHelp, isReadable: false, mistakes: [error.message.replace(/^error: /, '')] }
  }
}

function countMistakes({ operands }: Verb, given: readonly string[]): readonly string[] {
  const extra = given.slice(operands?.max ?? 0).map((word) => `unexpected ${JSON.stringify(word)}`)
  const isShort = operands !== undefined && given.length < operands.min
  return isShort ? [`${operands.usage} is missing`] : extra
}

export const helpOf = (verb: Verb): string =>
  `${commandOf(verb).helpInformation()}${environmentOnlyHelp(verb.settings)}`

/** The help of the command as a whole. */
export function helpOfAll(verbs: readonly Verb[]): string {
  const program = new Command('fleetcast')
    .usage('VERB [flags]')
    .description('The control plane for fleets of Envoy: Kubernetes in, xDS out.')
    .helpOption('-h, --help', 'Shows help; after a verb, that of the verb.')
    .option('-V, --version', 'Shows the version.')
    .helpCommand(false)
  for (const verb of verbs) program.command(verb.name).summary(verb.summary).description(verb.summary)
  return `${program.configureHelp({ subcommandTerm: (c) => c.name(), showGlobalOptions: true }).helpInformation()}
Every flag has a variable: --state-dir is FLEETCAST_STATE_DIR. A flag beats the variable, the variable beats the default.
Exit codes: 0 done, 1 failed, 2 wrong usage.
`
}

/** Names in order, with what they are called on a command line: `--listen <ADDR>`. */
export const usageOf = (name: string, { value, repeatable }: Setting<unknown>): string =>
  value === undefined ? flagOf(name) : `${flagOf(name)} <${value}${repeatable ? '...' : ''}>`

function commandOf(verb: Verb): Command {
  const command = new Command(verb.name)
    .name(`fleetcast ${verb.name}`)
    .usage(['[flags]', ...(verb.operands ? [verb.operands.usage] : [])].join(' '))
    .description(verb.summary)
    .helpOption('-h, --help', 'Shows this help.')
    .exitOverride()
    .configureOutput({ writeErr: () => {}, writeOut: () => {} })
    .configureHelp({ helpWidth: 110, showGlobalOptions: false })
  for (const [name, setting] of Object.entries(verb.settings)) {
    if (!setting.environmentOnly) command.addOption(optionOf(name, setting))
  }
  return command
}

function optionOf(name: string, setting: Setting<unknown>): Option {
  const byDefault = setting.value !== undefined && setting.default !== undefined ? `, default ${setting.default}` : ''
  const option = new Option(usageOf(name, setting), `${setting.about} (${variableOf(name)}${byDefault})`)
  // Commander would name it after the flag; the same word, but a flag such as --no-x would mean something else to it.
  option.attributeName = () => name
  return option
}

function environmentOnlyHelp(settings: Settings): string {
  const lines = Object.entries(settings)
    .filter(([, setting]) => setting.environmentOnly)
    .map(([name, setting]) => `  ${variableOf(name)}  ${setting.about}\n`)
  return lines.length === 0 ? '' : `\nVariables without a flag:\n${lines.join('')}`
}
