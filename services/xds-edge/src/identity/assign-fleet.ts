// Which fleet a node may have (design, section 8). Pure: decides from what the node says, what its certificate proves and
// what the directory knows, before any set is touched (rule 104).
import type { DirectoryFleet } from '@fleetcast/shared/store/directory'
import { matchesAny } from './glob.ts'

export interface Applicant {
  readonly id: string
  readonly cluster: string
  /** DNS names and URIs of the verified client certificate; undefined where the connection has none. */
  readonly names: readonly string[] | undefined
}

export type Assignment =
  | { readonly kind: 'fleet'; readonly fleet: DirectoryFleet; readonly warning?: string }
  /** The fleet is retired: the node keeps what it has and is sent nothing. */
  | { readonly kind: 'retired'; readonly fleet: DirectoryFleet }
  /** No fleet: the stream stays open, unanswered. */
  | { readonly kind: 'unassigned' }
  | { readonly kind: 'refused'; readonly reason: string }

export interface AssignOptions {
  /** `fleetcast up`: where there is exactly one fleet, a node that matches none gets it. */
  readonly singleFleet: boolean
}

/** `fleets` as the directory has them, by name. */
export function assignFleet(
  node: Applicant,
  fleets: ReadonlyMap<string, DirectoryFleet>,
  options: AssignOptions,
): Assignment {
  const matching = [...fleets.values()].filter((fleet) => matches(node, fleet)).sort(byLifeAndName)
  const byName = fleets.get(node.cluster) ?? fleets.get('default')
  const candidates = matching.length > 0 || byName === undefined ? matching : [byName]
  const admitted = candidates.find((fleet) => admits(fleet, node.names))
  if (admitted !== undefined) return given(admitted)
  const [refusing] = candidates
  if (refusing !== undefined) return { kind: 'refused', reason: refusalOf(refusing, node.names) }
  return options.singleFleet ? theOnly(fleets, node) : { kind: 'unassigned' }
}

/** `nodes` that names neither clusters nor ids matches nobody by itself: the fleet's name decides. */
const matches = (node: Applicant, fleet: DirectoryFleet): boolean =>
  (fleet.nodes?.cluster !== undefined || fleet.nodes?.id !== undefined) &&
  (fleet.nodes?.cluster === undefined || matchesAny(fleet.nodes.cluster, node.cluster)) &&
  (fleet.nodes?.id === undefined || matchesAny(fleet.nodes.id, node.id))

/** Whether somebody of these names may have what the fleet is given. */
export const admits = (fleet: DirectoryFleet, names: readonly string[] | undefined): boolean => {
  const globs = fleet.nodes?.identity
  return globs === undefined || (names ?? []).some((name) => matchesAny(globs, name))
}

/** Where several match, a living one before a retired one, then by name: every edge decides alike. */
const byLifeAndName = (a: DirectoryFleet, b: DirectoryFleet): number =>
  Number(a.retired) - Number(b.retired) || (a.name < b.name ? -1 : 1)

const given = (fleet: DirectoryFleet): Assignment =>
  fleet.retired ? { kind: 'retired', fleet } : { kind: 'fleet', fleet }

function refusalOf(fleet: DirectoryFleet, names: readonly string[] | undefined): string {
  const wanted = (fleet.nodes?.identity ?? []).join(', ')
  const shown = names === undefined ? 'no client certificate' : `a certificate for ${names.join(', ') || 'nobody'}`
  return `fleet ${fleet.name} is for identities ${wanted}; this connection has ${shown}`
}

function theOnly(fleets: ReadonlyMap<string, DirectoryFleet>, node: Applicant): Assignment {
  const living = [...fleets.values()].filter((fleet) => !fleet.retired)
  const [only] = living
  if (only === undefined || living.length > 1) return { kind: 'unassigned' }
  if (!admits(only, node.names)) return { kind: 'refused', reason: refusalOf(only, node.names) }
  const warning = `node ${node.id} (cluster ${node.cluster}) matches no fleet and gets ${only.name}, the only one; with a second fleet it will get none`
  return { kind: 'fleet', fleet: only, warning }
}
