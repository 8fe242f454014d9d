// `fleetcast diff FLEET`: what changed between two revisions, resource by resource and value by value.
import { failure } from '@fleetcast/shared/runtime/failure'
import type { ChangeInFull, DiffView } from './answers/history.ts'
import { ask } from './ask.ts'
import type { diffSettings } from './settings.ts'
import type { Terminal } from './terminal.ts'
import type { Run } from './verb.ts'

export const diff: Run<typeof diffSettings> = async (call) => {
  const { values, operands, terminal } = call
  const [fleet = ''] = operands
  const answer = await ask(call, { path: '/diff', query: { fleet, from: values.from, to: values.to } })
  if (answer === undefined) throw failure(`there is no fleet ${JSON.stringify(fleet)}, or history lacks the revisions`)
  // An answer of the same version of the program.
  const difference = answer as DiffView
  if (values.json) terminal.printJson(difference)
  else {
    terminal.print(`${fleet}: revision ${difference.from} to ${difference.to}`)
    for (const change of difference.changes) show(terminal, change)
    if (difference.changes.length === 0) terminal.print('nothing changed')
  }
  return 0
}

function show(
  { print, paint }: Terminal,
  { change, type, name, before = '', after = '', content }: ChangeInFull,
): void {
  print(`${change} ${type} ${name} ${[before, after].filter((version) => version !== '').join(' -> ')}`)
  for (const { path, ...values } of content) {
    const where = path === '' ? '' : `${path}: `
    if ('before' in values) print(paint.red(`  - ${where}${JSON.stringify(values.before)}`))
    if ('after' in values) print(paint.green(`  + ${where}${JSON.stringify(values.after)}`))
  }
}
