// Which Services a fleet chooses, and which Service port a name stands for. Pure.
import type { ServiceKey } from '@fleetcast/shared/catalog/catalog'
import type { ServiceObject, ServicePort } from '@fleetcast/shared/objects/object'
import { type PortRef, refsOf } from '../fleets/naming.ts'
import type { FleetSettings } from '../fleets/settings.ts'
import { findPort } from '../views/compile-endpoints.ts'
import { byText } from '../world/order.ts'

/** The Services of all sites, as far as a fleet needs them. */
export interface Services {
  keys(): Iterable<ServiceKey>
  /** By site. */
  objects(key: ServiceKey): ReadonlyMap<string, ServiceObject>
  /** The numbers that a port has in its Pods. */
  targetPorts(site: string, key: ServiceKey, port: ServicePort): readonly number[]
}

export interface FoundPort {
  readonly name: string
  readonly site: string
  readonly service: ServiceObject
  readonly port: ServicePort
}

/** The API server's own Service is never exposed unless asked for by name. */
const API_SERVER: ServiceKey = 'default/kubernetes'

/** The Services that become clusters by themselves, in the order of sites in which they count. */
export function* chosenServices(
  settings: FleetSettings,
  services: Services,
): Iterable<readonly [site: string, service: ServiceObject]> {
  if (settings.services.kind === 'referred') return
  for (const key of services.keys()) {
    if (key === API_SERVER) continue
    for (const each of inOrder(settings, services.objects(key))) if (isChosen(settings, each[1])) yield each
  }
}

export function isChosen({ services }: FleetSettings, service: ServiceObject): boolean {
  if (services.kind === 'all') return true
  if (services.kind === 'referred') return false
  const { namespaces, selects } = services
  return selects(service.labels) && (namespaces.length === 0 || namespaces.some((has) => has(service.namespace)))
}

function inOrder(
  { view }: FleetSettings,
  bySite: ReadonlyMap<string, ServiceObject>,
): Iterable<readonly [string, ServiceObject]> {
  if (bySite.size < 2) return bySite
  const rank = (site: string): number => {
    const at = view.sites.order.indexOf(site)
    return at < 0 ? view.sites.order.length : at
  }
  return [...bySite].sort(([a], [b]) => rank(a) - rank(b) || byText(a, b))
}

/** Which Service ports a name may stand for; every Service it could mean is watched, there or not. */
export function resolve(
  settings: FleetSettings,
  services: Services,
  name: string,
  watched: Set<ServiceKey>,
): readonly FoundPort[] {
  const found: FoundPort[] = []
  for (const ref of settings.naming.flatMap((naming) => refsOf(naming, name))) {
    const key = `${ref.namespace}/${ref.service}`
    watched.add(key)
    for (const [site, service] of inOrder(settings, services.objects(key))) {
      const port = portOf(ref, site, service)
      if (port) found.push({ name, site, service, port })
    }
  }
  return found
}

const portOf = (ref: PortRef, site: string, service: ServiceObject): ServicePort | undefined =>
  ref.site === undefined || ref.site === site ? findPort(service.ports, ref) : undefined

/** The Service port that a name stands for, as if it were there; undefined where the name says too little. */
export function placeholder(settings: FleetSettings, name: string): FoundPort | undefined {
  const [ref] = settings.naming.flatMap((naming) => refsOf(naming, name))
  if (!ref) return undefined
  const number = Number(ref.port)
  const isNumber = Number.isInteger(number) && number > 0 && number < 65_536
  // Without EDS nobody can tell the port of a Service that is not there.
  if (settings.discovery !== 'eds' && !isNumber) return undefined
  const port: ServicePort = isNumber
    ? { port: number, protocol: ref.protocol }
    : { name: ref.port, port: 0, protocol: ref.protocol }
  const service: ServiceObject = {
    kind: 'Service',
    namespace: ref.namespace,
    name: ref.service,
    labels: {},
    annotations: {},
    type: 'ClusterIP',
    headless: false,
    clusterIPs: [],
    ipFamilies: [],
    ports: [port],
  }
  return { name, site: ref.site ?? '', service, port }
}
