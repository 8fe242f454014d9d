// Whether two listeners of a fleet want one address: Envoy takes the first and refuses the other. Pure.
import type { Place, Problem } from '../objects/problem.ts'
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

/** One problem for each listener that comes too late. */
export function checkAddresses(items: Iterable<Listening>): Problem[] {
  const taken = new Map<string, string>()
  const problems: Problem[] = []
  for (const { name, listensAt = [], position, place } of items) {
    for (const address of new Set(listensAt)) {
      const first = taken.get(address)
      if (first === undefined) taken.set(address, name)
      else if (first !== name) {
        const message = `listener "${first}" listens at ${address} already, so Envoy refuses "${name}"`
        problems.push({ severity: 'error', code: 'duplicate', message, place: { ...place, ...position } })
      }
    }
  }
  return problems
}
