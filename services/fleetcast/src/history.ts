// `fleetcast history FLEET`: its revisions, newest first, and what each changed.
import { failure } from '@fleetcast/shared/runtime/failure'
import type { RevisionView } from './answers/history.ts'
import { ask } from './ask.ts'
import type { historySettings } from './settings.ts'
import type { Run } from './verb.ts'

export const history: Run<typeof historySettings> = async (call) => {
  const { values, operands, terminal } = call
  const [fleet = ''] = operands
  const answer = await ask(call, { path: '/history', query: { fleet, limit: values.limit } })
  if (answer === undefined) throw failure(`there is no fleet ${JSON.stringify(fleet)}`)
  // An answer of the same version of the program.
  const revisions = answer as readonly RevisionView[]
  if (values.json) terminal.printJson(revisions)
  else {
    terminal.printTable(
      ['REVISION', 'AT', 'CAUSE', 'CHANGES'],
      revisions.map((r) => [String(r.revision), r.at, r.cause, summaryOf(r)]),
    )
  }
  return 0
}

const NAMES_MAX = 3

function summaryOf({ changes }: RevisionView): string {
  const signs = { added: '+', changed: '~', removed: '-' }
  const names = changes.slice(0, NAMES_MAX).map((c) => `${signs[c.change]}${c.type} ${c.name}`)
  const more = changes.length - names.length
  return [...names, ...(more > 0 ? [`and ${more} more`] : [])].join(', ')
}
