// `fleetcast nodes`: each Envoy, the fleet it was given, and what it has taken or refused.
import type { NodeStatus } from '@fleetcast/shared/store/set-store'
import { ask } from './ask.ts'
import type { nodesSettings } from './settings.ts'
import type { Terminal } from './terminal.ts'
import type { Run } from './verb.ts'

export const nodes: Run<typeof nodesSettings> = async (call) => {
  const query = { fleet: call.values.fleet }
  // An answer of the same version of the program.
  const found = (await ask(call, { path: '/nodes', query })) as readonly NodeStatus[]
  if (call.values.json) call.terminal.printJson(found)
  else show(call.terminal, found)
  return 0
}

function show(terminal: Terminal, found: readonly NodeStatus[]): void {
  const { paint } = terminal
  terminal.printTable(
    ['NODE', 'CLUSTER', 'FLEET', 'EDGE', 'ADDRESS', 'CONNECTED', 'TYPES'],
    found.map((node) => [
      node.id,
      node.cluster,
      node.fleet ?? paint.yellow('unassigned'),
      node.edge,
      node.address,
      node.connectedAt,
      typesOf(node),
    ]),
  )
  for (const node of found) {
    for (const [type, { error }] of Object.entries(node.types)) {
      if (error !== undefined) terminal.print(paint.red(`${node.id} refuses ${type}: ${error}`))
    }
  }
}

/** `cds@12`: has taken revision 12; `cds@12?`: sent, not yet answered; `cds@12!`: refused. */
function typesOf(node: NodeStatus): string {
  return Object.entries(node.types)
    .map(([type, t]) => `${type}@${t.revision}${t.error === undefined ? (t.acked ? '' : '?') : '!'}`)
    .join(' ')
}
