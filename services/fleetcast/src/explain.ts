// `fleetcast explain NAME`: where a resource of that name stands.
import { failure } from '@fleetcast/shared/runtime/failure'
import type { Found } from './answers/nodes.ts'
import { ask } from './ask.ts'
import type { explainSettings } from './settings.ts'
import type { Run } from './verb.ts'

export const explain: Run<typeof explainSettings> = async (call) => {
  const { values, operands, terminal } = call
  const [name = ''] = operands
  const answer = await ask(call, { path: '/explain', query: { name, fleet: values.fleet } })
  if (answer === undefined) throw failure(`no set holds a resource named ${JSON.stringify(name)}`)
  // An answer of the same version of the program.
  const found = answer as readonly Found[]
  if (values.json) terminal.printJson(found)
  else {
    terminal.printTable(
      ['TYPE', 'NAME', 'SET', 'REVISION', 'VERSION', 'BYTES', 'LINK'],
      found.map((f) => [
        f.type,
        f.name,
        f.set,
        String(f.revision),
        f.version ?? '',
        f.bytes === undefined ? '' : String(f.bytes),
        f.link ?? '',
      ]),
    )
  }
  return 0
}
