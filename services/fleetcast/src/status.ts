// `fleetcast status`: the whole at a glance, and every problem with its place.
import { formatProblem } from '@fleetcast/shared/objects/problem'
import type { Overview } from './answers/status.ts'
import { ask } from './ask.ts'
import type { statusSettings } from './settings.ts'
import type { Terminal } from './terminal.ts'
import type { Run } from './verb.ts'

/** What an admin address says of its process; absent where Redis was asked. */
interface RoleStatus {
  readonly role?: string
  readonly version?: string
  readonly ready?: boolean
  readonly missing?: readonly string[]
}

export const status: Run<typeof statusSettings> = async (call) => {
  // An answer of the same version of the program. A role without a store, the watcher, knows nothing of sets.
  const answer = (await ask(call, { path: '/status' })) as RoleStatus & Partial<Overview>
  if (call.values.json) call.terminal.printJson(answer)
  else {
    showRole(call.terminal, answer)
    const { sites = [], fleets = [], problems = [], sealed = true, unassigned = 0 } = answer
    show(call.terminal, { sites, fleets, problems, sealed, unassigned })
  }
  return 0
}

function showRole({ print, paint }: Terminal, { role, version, ready, missing = [] }: RoleStatus): void {
  if (role === undefined) return
  print(`${role} ${version ?? ''} ${ready ? paint.green('is ready') : paint.yellow('is not ready:')}`)
  for (const line of missing) print(`  ${line}`)
}

function show(terminal: Terminal, { sites, fleets, problems, sealed, unassigned }: Overview): void {
  const { paint } = terminal
  if (!sealed) terminal.print(paint.yellow('the store has no sealed generation yet: nothing is served from it'))
  if (sites.length > 0) {
    terminal.printTable(
      ['SITE', 'SYNCED', 'OBJECTS', 'POSITION'],
      sites.map((s) => [s.site, yesNo(s.synced), s.objects === undefined ? '' : String(s.objects), s.position ?? '']),
    )
  }
  if (fleets.length > 0) showFleets(terminal, fleets)
  if (unassigned > 0) terminal.print(paint.yellow(withoutFleet(unassigned)))
  if (problems.length === 0) terminal.print(paint.green('no problems'))
  for (const problem of problems) {
    const line = formatProblem(problem)
    terminal.print(problem.severity === 'error' ? paint.red(line) : paint.yellow(line))
  }
}

function showFleets({ printTable, paint }: Terminal, fleets: Overview['fleets']): void {
  const red = (n: number): string => (n > 0 ? paint.red(String(n)) : '0')
  printTable(
    ['FLEET', 'REVISION', 'NODES', 'REFUSING', 'PROBLEMS'],
    fleets.map((f) => [
      f.retired ? `${f.fleet} (retired)` : f.fleet,
      String(f.revision),
      String(f.nodes),
      red(f.refusing),
      red(f.problems),
    ]),
  )
}

const withoutFleet = (count: number): string =>
  count === 1
    ? '1 node has no fleet; fleetcast nodes lists it'
    : `${count} nodes have no fleet; fleetcast nodes lists them`

const yesNo = (is: boolean | undefined): string => (is === undefined ? '' : is ? 'yes' : 'no')
