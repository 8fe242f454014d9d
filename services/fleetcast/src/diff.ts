// `fleetcast diff FLEET`: what changed between two revisions.
import { failure } from '@fleetcast/shared/runtime/failure'
import type { DiffView } from './answers/history.ts'
import { ask } from './ask.ts'
import type { diffSettings } from './settings.ts'
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
    terminal.printTable(
      ['CHANGE', 'TYPE', 'NAME', 'BEFORE', 'AFTER'],
      difference.changes.map((c) => [c.change, c.type, c.name, c.before ?? '', c.after ?? '']),
    )
  }
  return 0
}
