// Objects in, the contents of every set and all that is wrong out: what `fleetcast validate` and the golden tests ask for.
// Pure: no log, no store, no queue. Objects may come in several steps; what was good in an earlier one stays.
import type { EnvoyTypes } from '@fleetcast/shared/envoy/types'
import type { Problem } from '@fleetcast/shared/objects/problem'
import type { Resource } from '@fleetcast/shared/resources/resource'
import { DIRECTORY, fleetSet, viewSet } from '@fleetcast/shared/store/directory'
import { type Entry, type EntryKey, entryKey, type SetName } from '@fleetcast/shared/store/set-store'
import { readFleetDocument } from '../fleets/document.ts'
import type { WorldChange } from '../world/world.ts'
import { compileDirectory } from './compile-directory.ts'
import { type Compiler, createCompiler, untouched } from './compiler.ts'

type Entries = ReadonlyMap<EntryKey, Entry>

export interface CompiledWorld {
  readonly sets: ReadonlyMap<SetName, Entries>
  readonly problems: readonly Problem[]
}

/** Takes changes step by step; each answer is the whole world after the step. */
export function createWorldCompiler(types: EnvoyTypes): (changes: readonly WorldChange[]) => CompiledWorld {
  const sites = new Set<string>()
  let sets: ReadonlyMap<SetName, Entries> = new Map()
  const compiler = createCompiler({
    types,
    acceptsSecrets: true,
    read: (key, text) => readFleetDocument(types, key, text),
    committed: (fleet) => sets.get(fleetSet(fleet)) ?? new Map(),
    settled: () => true,
  })
  return (changes) => {
    for (const { site } of changes) sites.add(site)
    compiler.apply(changes, sites)
    const compiled = compileSets(compiler, sites, sets.get(DIRECTORY) ?? new Map())
    sets = compiled.sets
    return compiled
  }
}

/** All objects at once. */
export function compileWorld(types: EnvoyTypes, changes: readonly WorldChange[]): CompiledWorld {
  return createWorldCompiler(types)(changes)
}

function compileSets(compiler: Compiler, sites: Iterable<string>, directory: Entries): CompiledWorld {
  const sets = new Map<SetName, Entries>()
  const fleets = compiler.fleets().map((name) => [name, compiler.fleet(name, untouched())] as const)
  const entries = new Map(
    fleets.map(([name, compiled]) => {
      const entry = compiler.directoryEntry(name)
      const views = compiled && compiled.links.size > 0 ? [compiled.view] : []
      return [name, entry && { ...entry, views, retired: false }] as const
    }),
  )
  sets.set(DIRECTORY, compileDirectory({ fleets: entries, sites, committed: directory, isComplete: true }))
  for (const [name, compiled] of fleets) if (compiled) sets.set(fleetSet(name), compiled.entries)
  for (const id of compiler.views()) sets.set(viewSet(id), assignments(compiler, id))
  return { sets, problems: [...sets.keys(), ...compiler.fleets().map(fleetSet)].flatMap(once(compiler.problems)) }
}

/** Each set's problems once, also of a fleet that has no set yet. */
function once(problems: (set: SetName) => readonly Problem[]): (set: SetName) => readonly Problem[] {
  const seen = new Set<SetName>()
  return (set) => {
    if (seen.has(set)) return []
    seen.add(set)
    return problems(set)
  }
}

function assignments(compiler: Compiler, id: string): Entries {
  const made = [...(compiler.view(id)?.names.keys() ?? [])].map((name) => compiler.assignment(id, name))
  return new Map(made.filter((each): each is Resource => each !== undefined).map((each) => [entryKey(each), each]))
}
