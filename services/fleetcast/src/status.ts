// `fleetcast status`: the whole at a glance, and every problem with its place.
import { formatProblem } from '@fleetcast/shared/objects/problem'
import type { Overview } from './answers/status.ts'
import { ask } from './ask.ts'
import type { statusSettings } from './settings.ts'
import type { Terminal } from './terminal.ts'
import type { Run } from './verb.ts'

export const status: Run<typeof statusSettings> = async (call) => {
  // An answer of the same version of the program.
  const overview = (await ask(call, { path: '/overview' })) as Overview
  if (call.values.json) call.terminal.printJson(overview)
  else show(call.terminal, overview)
  return 0
}

function show(terminal: Terminal, { sites, fleets, problems, sealed, unassigned }: Overview): void {
  const { paint } = terminal
  if (!sealed) terminal.print(paint.yellow('the store has no sealed generation yet: nothing is served from it'))
  terminal.printTable(
    ['SITE', 'SYNCED', 'OBJECTS', 'POSITION'],
    sites.map((s) => [s.site, yesNo(s.synced), s.objects === undefined ? '' : String(s.objects), s.position ?? '']),
  )
  terminal.printTable(
    ['FLEET', 'REVISION', 'NODES', 'REFUSING', 'PROBLEMS'],
    fleets.map((f) => [
      f.retired ? `${f.fleet} (retired)` : f.fleet,
      String(f.revision),
      String(f.nodes),
      f.refusing > 0 ? paint.red(String(f.refusing)) : '0',
      f.problems > 0 ? paint.red(String(f.problems)) : '0',
    ]),
  )
  if (unassigned > 0) terminal.print(paint.yellow(`${unassigned} nodes have no fleet; fleetcast nodes lists them`))
  if (problems.length === 0) terminal.print(paint.green('no problems'))
  for (const problem of problems) {
    const line = formatProblem(problem)
    terminal.print(problem.severity === 'error' ? paint.red(line) : paint.yellow(line))
  }
}

const yesNo = (is: boolean | undefined): string => (is === undefined ? '' : is ? 'yes' : 'no')
