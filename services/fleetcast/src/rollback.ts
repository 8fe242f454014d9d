// `fleetcast rollback FLEET --to REVISION`: the resources of an earlier revision, as a new one.
import { failure } from '@fleetcast/shared/runtime/failure'
import type { Rollback } from './answers/history.ts'
import { ask } from './ask.ts'
import type { rollbackSettings } from './settings.ts'
import type { Run } from './verb.ts'

export const rollback: Run<typeof rollbackSettings> = async (call) => {
  const { values, operands, terminal } = call
  const [fleet = ''] = operands
  const answer = await ask(call, { path: '/rollback', query: { fleet, to: values.to }, isOrder: true })
  if (answer === undefined)
    throw failure(`there is no fleet ${JSON.stringify(fleet)}, or history lacks revision ${values.to}`)
  // An answer of the same version of the program.
  const done = answer as Rollback
  if (values.json) terminal.printJson(done)
  else {
    terminal.print(
      `${fleet} has the resources of revision ${done.revision} again, as revision ${done.as} (${done.changes} changed)`,
    )
    terminal.remark('The next change of what the fleet is compiled from replaces this: mend its ConfigMaps too.')
  }
  return 0
}
