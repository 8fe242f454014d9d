// What Envoys refused, as problems with the place where it was written, as far as their words tell which resource it was. Pure.
import type { Place, Problem } from '@fleetcast/shared/objects/problem'
import type { EntryKey, NodeStatus } from '@fleetcast/shared/store/set-store'
import { shortType } from './entry-view.ts'

/** The place of each resource of a fleet. */
export type OriginsOf = (fleet: string) => ReadonlyMap<EntryKey, Place>

const NODES_TOLD = 3

/** Each text of a type and fleet once, however many nodes say it. */
export function refusals(nodes: readonly NodeStatus[], originsOf: OriginsOf): readonly Problem[] {
  const said = new Map<string, { fleet: string; type: string; error: string; ids: string[] }>()
  for (const { id, fleet = '', types } of nodes) {
    for (const [type, { error }] of Object.entries(types)) {
      if (error === undefined) continue
      const key = [fleet, type, error].join('\n')
      const held = said.get(key) ?? { fleet, type, error, ids: [] }
      said.set(key, held)
      held.ids.push(id)
    }
  }
  return [...said.values()].map(({ fleet, type, error, ids }): Problem => {
    const more = ids.length > NODES_TOLD ? ` and ${ids.length - NODES_TOLD} more` : ''
    const message = `refused by ${ids.slice(0, NODES_TOLD).join(', ')}${more} (${type} of fleet ${fleet}): ${error}`
    return { severity: 'error', code: 'refused', message, place: placeOf(type, error, originsOf(fleet)) }
  })
}

/** Envoy names what it refuses: the longest name of the type that stands in its words by itself. */
function placeOf(type: string, error: string, origins: ReturnType<OriginsOf>): Place {
  let best: { readonly name: string; readonly place: Place } | undefined
  for (const [key, place] of origins) {
    const at = key.indexOf('\n')
    const name = key.slice(at + 1)
    const isOfType = shortType(key.slice(0, at)) === type
    if (isOfType && name.length > (best?.name.length ?? 0) && standsIn(name, error)) best = { name, place }
  }
  return best?.place ?? {}
}

const WORD = /[\w./-]/
function standsIn(name: string, text: string): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const [before, after] = [text[at - 1] ?? ' ', text[at + name.length] ?? ' ']
    if (!WORD.test(before) && !WORD.test(after.replace('.', ' '))) return true
  }
  return false
}
