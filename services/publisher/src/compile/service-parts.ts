// What one Service adds to a fleet that chooses it: its clusters and the links to their endpoints. Pure, memoised on the
// identity of the settings and the Service, so that a fleet of ten thousand Services is put together without work on those
// that did not change.
import type { ServiceObject, ServicePort } from '@fleetcast/shared/objects/object'
import type { Problem } from '@fleetcast/shared/objects/problem'
import type { Resource } from '@fleetcast/shared/resources/resource'
import { CLUSTER, ENDPOINTS } from '@fleetcast/shared/resources/types'
import { viewSet } from '@fleetcast/shared/store/directory'
import { type EntryKey, entryKey, type Link } from '@fleetcast/shared/store/set-store'
import { nameOf } from '../fleets/naming.ts'
import type { FleetSettings } from '../fleets/settings.ts'
import { viewId } from '../views/views.ts'
import type { ClusterInput, CompileCluster } from './compile-clusters.ts'
import type { CompileGrpc, GrpcPart } from './compile-grpc.ts'

export interface ClusterPart {
  readonly name: string
  readonly key: EntryKey
  /** Undefined where it is suppressed, or could not be made. */
  readonly resource: Resource | undefined
  /** It could not be made: its last good form stays. */
  readonly failed: boolean
  /** Undefined where it does not get its endpoints from a view. */
  readonly link: { readonly key: EntryKey; readonly entry: Link } | undefined
  readonly problems: readonly Problem[]
  /** What leads gRPC's clients to the cluster; empty unless the fleet serves them. */
  readonly grpc: readonly GrpcPart[]
}

export interface ServiceParts {
  /** One cluster. */
  part(input: ClusterInput): ClusterPart
  /** All clusters of a Service under the names of the settings. */
  parts(settings: FleetSettings, site: string, service: ServiceObject): readonly ClusterPart[]
}

export function createServiceParts(compileCluster: CompileCluster, compileGrpc: CompileGrpc): ServiceParts {
  const known = new WeakMap<FleetSettings, WeakMap<ServiceObject, readonly ClusterPart[]>>()
  const views = new WeakMap<FleetSettings, string>()

  function viewOf(settings: FleetSettings): string {
    const held = views.get(settings)
    if (held !== undefined) return held
    const made = viewSet(viewId(settings.view))
    views.set(settings, made)
    return made
  }
  function part(input: ClusterInput): ClusterPart {
    const { value, problems } = compileCluster(input)
    const endpointsName = value.resource?.endpointsName
    const entry = endpointsName === undefined ? undefined : linkTo(endpointsName, viewOf(input.settings))
    return {
      name: input.name,
      key: entryKey({ type: CLUSTER, name: input.name }),
      resource: value.resource,
      failed: value.failed,
      link: entry && { key: entryKey(entry), entry },
      problems,
      grpc: [],
    }
  }
  function make(settings: FleetSettings, site: string, service: ServiceObject): readonly ClusterPart[] {
    const { grpc } = settings
    return service.ports.flatMap((port) =>
      namesOf(settings, site, service, port).map((name, i) => {
        const made = part({ settings, name, site, service, port })
        // A cluster under several names is reached by the first.
        return grpc && i === 0
          ? { ...made, grpc: compileGrpc.port(grpc, { site, service, port, cluster: name }) }
          : made
      }),
    )
  }

  return {
    part,
    parts(settings, site, service) {
      const ofSettings = known.get(settings) ?? new WeakMap<ServiceObject, readonly ClusterPart[]>()
      known.set(settings, ofSettings)
      const held = ofSettings.get(service)
      if (held) return held
      const made = make(settings, site, service)
      ofSettings.set(service, made)
      return made
    },
  }
}

export const linkTo = (name: string, view: string): Link => ({ type: ENDPOINTS, name, link: view })

function namesOf(
  { naming }: FleetSettings,
  site: string,
  { namespace, name: service }: ServiceObject,
  port: ServicePort,
): readonly string[] {
  const names = { namespace, service, site, port: port.port, portName: port.name, protocol: port.protocol }
  return naming.map((each) => nameOf(each, names)).filter((name) => name !== undefined)
}
