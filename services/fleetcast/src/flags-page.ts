// The page of the docs that lists every verb's flags and variables, made from the same table as `--help`. Pure.
import { variableOf } from '@fleetcast/shared/runtime/config'
import type { Setting } from '@fleetcast/shared/runtime/setting'
import { usageOf } from './command-line.ts'
import type { Verb } from './verb.ts'

export function flagsPage(verbs: readonly Verb[]): string {
  return `# Flags and variables

Every flag has a variable; a flag beats the variable, the variable beats the default, and an empty variable counts as not set.
A flag that takes several values can be given several times; its variable separates them by commas. Times are written \`500ms\`,
\`30s\`, \`5m\`, \`1h\`. Exit codes: 0 done, 1 failed, 2 wrong usage (one line a mistake). \`npm run docs\` writes this page.

${verbs.map(section).join('\n')}`
}

function section(verb: Verb): string {
  const usage = ['fleetcast', verb.name, ...(verb.operands ? [verb.operands.usage] : []), '[flags]'].join(' ')
  const rows = Object.entries(verb.settings).map(([name, setting]) => row(name, setting))
  return `## ${verb.name}

    ${usage}

${verb.summary}

| flag | variable | default | what it does |
| --- | --- | --- | --- |
${rows.join('\n')}
`
}

function row(name: string, setting: Setting<unknown>): string {
  const flag = setting.environmentOnly ? 'none' : code(usageOf(name, setting))
  const value = setting.value === undefined ? 'off' : setting.default === undefined ? '' : code(setting.default)
  const cells = [flag, code(variableOf(name)), setting.required ? 'required' : value, setting.about]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

const code = (text: string): string => `\`${text}\``
