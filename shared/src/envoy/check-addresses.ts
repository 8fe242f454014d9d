// Whether two listeners of a fleet want one address: Envoy takes the first and refuses the other. Pure.
import { formatPlace, type Place, type Problem } from '../objects/problem.ts'
import { asList, asObject } from './json-value.ts'
import type { Position } from './yaml-positions.ts'

export interface Listening {
  readonly name: string
  /** From `addressesOf`; a resource without any is passed over. */
  readonly listensAt?: readonly string[]
  readonly position?: Position | undefined
  /** Of the document; line and column are added. */
  readonly place?: Place
}

/** Where a listener in canonical JSON listens. Port 0 is a port of its own each time. */
export function addressesOf(listener: unknown): string[] {
  const m = asObject(listener)
  const all = [m.address, ...asList(m.additional_addresses).map((a) => asObject(a).address)]
  return all.flatMap((address) => {
    const { socket_address, pipe } = asObject(address)
    const { path } = asObject(pipe)
    if (typeof path === 'string') return [path]
    const { protocol = 'TCP', address: host, port_value } = asObject(socket_address)
    return port_value === undefined || port_value === 0 ? [] : [`${protocol} ${host}:${port_value}`]
  })
}

export interface Clash<T> {
  readonly item: T
  /** Who has the address. */
  readonly first: T
  readonly address: string
}

/** The items that come too late, each with the first address that is taken; what comes too late takes none. */
export function clashesOf<T extends Listening>(items: Iterable<T>): readonly Clash<T>[] {
  const taken = new Map<string, T>()
  const clashes: Clash<T>[] = []
  for (const item of items) {
    const { name, listensAt = [] } = item
    const isTaken = (address: string): boolean => (taken.get(address)?.name ?? name) !== name
    const address = listensAt.find(isTaken)
    const first = address === undefined ? undefined : taken.get(address)
    if (address !== undefined && first) clashes.push({ item, first, address })
    else for (const each of listensAt) taken.set(each, item)
  }
  return clashes
}

/** Says who has the address, and where that was written. */
export function clashProblem({ item, first, address }: Clash<Listening>): Problem {
  const where = formatPlace({ ...first.place, ...first.position })
  const other = `listener "${first.name}"${where === '' ? '' : ` (${where})`}`
  const message = `${other} listens at ${address} already, so Envoy refuses "${item.name}"`
  return { severity: 'error', code: 'duplicate', message, place: { ...item.place, ...item.position } }
}

/** One problem for each listener that comes too late. */
export const checkAddresses = (items: Iterable<Listening>): readonly Problem[] => clashesOf(items).map(clashProblem)
