// What gRPC's clients and servers that speak xDS without a proxy ask for by name: for each target of a chosen Service a
// Listener and a RouteConfiguration that lead to its cluster (rules 86 and 87), and for each address that a server may
// listen at a Listener (rule 88). Pure, memoised on the settings; the clusters themselves are made as for Envoy.
import { encodeTargetListener, encodeTargetRoutes } from '@fleetcast/shared/envoy/grpc-encoder'
import { readItem } from '@fleetcast/shared/envoy/item'
import type { JsonObject } from '@fleetcast/shared/envoy/json-value'
import type { EnvoyTypes } from '@fleetcast/shared/envoy/types'
import type { ServiceObject, ServicePort } from '@fleetcast/shared/objects/object'
import type { Checked, Problem } from '@fleetcast/shared/objects/problem'
import { type Resource, resource } from '@fleetcast/shared/resources/resource'
import { LISTENER, ROUTES } from '@fleetcast/shared/resources/types'
import { type EntryKey, entryKey } from '@fleetcast/shared/store/set-store'
import { nameOf } from '../fleets/naming.ts'
import type { FleetSettings, GrpcSettings } from '../fleets/settings.ts'
import { readPage } from '../fleets/written.ts'

export interface GrpcPart {
  readonly name: string
  readonly type: typeof LISTENER | typeof ROUTES
  readonly key: EntryKey
  /** Undefined where it could not be made: its last good form stays. */
  readonly resource: Resource | undefined
}

export interface TargetInput {
  readonly site: string
  readonly service: ServiceObject
  readonly port: ServicePort
  /** Where the targets lead. */
  readonly cluster: string
}

export interface CompileGrpc {
  /** What a port of a Service adds: Listener and routes of each target, and its servers' Listeners where it tells their port. */
  port(grpc: GrpcSettings, input: TargetInput): readonly GrpcPart[]
  /** The Listeners of servers at a port of their Pods. */
  serversAt(grpc: GrpcSettings, port: number): readonly GrpcPart[]
  /** The servers whose addresses the settings name, and what is wrong with the Listener of all servers. */
  servers(settings: FleetSettings): Checked<readonly GrpcPart[]>
}

type ServerListener = Checked<Resource | undefined>

export function createCompileGrpc(types: EnvoyTypes): CompileGrpc {
  const known = new WeakMap<GrpcSettings, Map<string, ServerListener>>()

  function listenerAt(grpc: GrpcSettings, address: string): ServerListener {
    const ofSettings = known.get(grpc) ?? new Map<string, ServerListener>()
    known.set(grpc, ofSettings)
    const held = ofSettings.get(address)
    if (held) return held
    const made = readServerListener(grpc, address, types)
    ofSettings.set(address, made)
    return made
  }
  const serverPart = (grpc: GrpcSettings, address: string): GrpcPart =>
    partOf(LISTENER, serverName(grpc, address), listenerAt(grpc, address).value)
  const serversAt = (grpc: GrpcSettings, port: number): readonly GrpcPart[] =>
    HOSTS.map((host) => serverPart(grpc, `${host}:${port}`))

  return {
    port(grpc, { site, service, port, cluster }) {
      const { namespace, name } = service
      const names = { namespace, service: name, site, port: port.port, portName: port.name, protocol: port.protocol }
      const targets = grpc.naming.map((each) => nameOf(each, names)).filter((target) => target !== undefined)
      return [
        ...targets.flatMap((target) => targetParts(target, cluster)),
        ...(hasNumber(service, port) ? serversAt(grpc, port.targetPort ?? port.port) : []),
      ]
    },
    serversAt,
    servers({ grpc }) {
      if (!grpc) return NOTHING
      const { problems } = listenerAt(grpc, grpc.servers.addresses[0] ?? ANY_ADDRESS)
      return { value: grpc.servers.addresses.map((address) => serverPart(grpc, address)), problems }
    },
  }
}

const NOTHING: Checked<readonly GrpcPart[]> = { value: [], problems: [] }
/** Stands for all when only the Listener of servers is to be checked. */
const ANY_ADDRESS = '127.0.0.1:1'

const partOf = (type: GrpcPart['type'], name: string, made: Resource | undefined): GrpcPart => ({
  name,
  type,
  key: entryKey({ type, name }),
  resource: made,
})

function targetParts(target: string, cluster: string): readonly GrpcPart[] {
  const listener = { type: LISTENER, name: target, bytes: encodeTargetListener(target, target) }
  const routes = { type: ROUTES, name: target, bytes: encodeTargetRoutes(target, cluster) }
  return [partOf(LISTENER, target, resource(listener)), partOf(ROUTES, target, resource(routes))]
}

/** Where a server listens in a Pod: at every address, or for what stands beside it. */
const HOSTS = ['0.0.0.0', '[::]', '127.0.0.1', '[::1]']

/** Only the slices know what number such a port has. */
export const isNamedTarget = ({ protocol, targetPort }: ServicePort): boolean =>
  protocol === 'TCP' && typeof targetPort === 'string'

type NumberedPort = ServicePort & { readonly targetPort?: number }
const hasNumber = ({ type }: ServiceObject, port: ServicePort): port is NumberedPort =>
  type !== 'ExternalName' && port.protocol === 'TCP' && typeof port.targetPort !== 'string'

const serverName = ({ servers }: GrpcSettings, address: string): string =>
  servers.name.replace('%s', () => (servers.name.startsWith('xdstp:') ? encodeURIComponent(address) : address))

const FILTERS = 'type.googleapis.com/envoy.extensions.filters'
/** Serves every method in the process itself. */
const PLAIN_LISTENER: JsonObject = {
  filter_chains: [
    {
      filters: [
        {
          name: 'envoy.filters.network.http_connection_manager',
          typed_config: {
            '@type': `${FILTERS}.network.http_connection_manager.v3.HttpConnectionManager`,
            stat_prefix: 'server',
            route_config: {
              name: 'server',
              virtual_hosts: [
                {
                  name: 'server',
                  domains: ['*'],
                  routes: [{ match: { prefix: '' }, non_forwarding_action: {} }],
                },
              ],
            },
            http_filters: [
              { name: 'envoy.filters.http.router', typed_config: { '@type': `${FILTERS}.http.router.v3.Router` } },
            ],
          },
        },
      ],
    },
  ],
}

function readServerListener(grpc: GrpcSettings, address: string, types: EnvoyTypes): ServerListener {
  const { page, value } = grpc.servers.listener ?? { page: readPage('{}', {}), value: PLAIN_LISTENER }
  const name = serverName(grpc, address)
  const at = address.lastIndexOf(':')
  const host = address.slice(0, at).replace(/^\[(.*)\]$/, '$1')
  const socket = { socket_address: { address: host, port_value: Number(address.slice(at + 1)) } }
  const listener = { ...(value as JsonObject), name, address: socket }
  const raw = { type: LISTENER, name, value: listener, path: 'grpc.servers.listener', index: 0, issues: [] }
  const { item, problems: found } = readItem(raw, page.positions, { types })
  const problems = found.map((problem): Problem => ({ ...problem, place: { ...page.place, ...problem.place } }))
  if (!item) return { value: undefined, problems }
  if (item.sensitive) return { value: undefined, problems: [...problems, withSecret(page.at(raw.path))] }
  return { value: resource({ type: LISTENER, name, bytes: item.bytes }), problems }
}

const withSecret = (place: Problem['place']): Problem => ({
  severity: 'error',
  code: 'secret',
  message: "it holds a secret: gRPC's servers take certificates from a provider of their own bootstrap",
  place,
})
