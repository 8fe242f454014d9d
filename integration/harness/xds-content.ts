// What stands in the resources that a raw client holds, as far as tests and the client's own subscriptions look.
import { any, type Field, fields, string } from './xds-wire.ts'

export const TYPES = {
  cluster: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  endpoints: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  listener: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  routes: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
  secret: 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
} as const

const all = (bytes: Uint8Array, number: number): Uint8Array[] =>
  [...fields(bytes)].filter((field) => field.number === number).map((field) => field.bytes)
const first = (bytes: Uint8Array | undefined, number: number): Field | undefined =>
  bytes && [...fields(bytes)].find((field) => field.number === number)

/** The assignment that a Cluster waits for; undefined for one that does not use EDS. */
export function endpointsNameOf(cluster: Uint8Array): string | undefined {
  const isEds = first(cluster, 2)?.value === 3
  if (!isEds) return undefined
  const service = first(first(cluster, 3)?.bytes, 2)
  const name = service && string(service.bytes)
  return name || string(first(cluster, 1)?.bytes ?? new Uint8Array())
}

/** The route configurations that a Listener asks for by RDS. */
export function routeNamesOf(listener: Uint8Array): string[] {
  const chains = [...all(listener, 3), ...all(listener, 25)]
  const filters = chains.flatMap((chain) => all(chain, 3))
  return filters.flatMap((filter) => {
    const config = first(filter, 4)
    const { type, value } = config ? any(config.bytes) : { type: '', value: new Uint8Array() }
    if (!type.endsWith('http_connection_manager.v3.HttpConnectionManager')) return []
    const rds = first(value, 3)
    const name = first(rds?.bytes, 2)
    return name ? [string(name.bytes)] : []
  })
}

export interface WireEndpoint {
  /** address:port */
  readonly address: string
  readonly priority: number
  readonly weight: number
}

/** The endpoints of a ClusterLoadAssignment, in its order. */
export function endpointsOf(assignment: Uint8Array): WireEndpoint[] {
  return all(assignment, 2).flatMap((locality) => {
    const priority = first(locality, 5)?.value ?? 0
    return all(locality, 2).map((endpoint) => {
      const socket = first(first(first(endpoint, 1)?.bytes, 1)?.bytes, 1)?.bytes
      const address = string(first(socket, 2)?.bytes ?? new Uint8Array())
      const weight = first(first(endpoint, 4)?.bytes, 1)?.value ?? 1
      return { address: `${address}:${first(socket, 3)?.value ?? 0}`, priority, weight }
    })
  })
}
