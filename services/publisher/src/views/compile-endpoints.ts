// One name of a view → what its assignment says: localities by priority with their endpoints. Pure, and not yet bytes:
// nothing here knows protobuf. A name that stands for nothing gives an empty assignment, never none (rule 75).

import type { CatalogEndpoint, CatalogPort, CatalogService, ServiceKey } from '@fleetcast/shared/catalog/catalog'
import type { EndpointHealth } from '@fleetcast/shared/envoy/endpoints-encoder'
import { type Naming, type PortRef, refsOf } from '../fleets/naming.ts'
import type { LocalityPart, LocalityRule, ViewSettings } from '../fleets/settings.ts'

export interface AssignedEndpoint {
  readonly address: string
  readonly port: number
  readonly additional: readonly string[]
  readonly health: EndpointHealth
}

export interface AssignedLocality {
  readonly region: string
  readonly zone: string
  readonly subZone: string
  readonly priority: number
  readonly endpoints: readonly AssignedEndpoint[]
}

export interface Assignment {
  readonly name: string
  /** By priority, then region, zone and subzone; each locality once per priority (rule 89). */
  readonly localities: readonly AssignedLocality[]
}

export interface EndpointsInput {
  readonly settings: ViewSettings
  readonly naming: readonly Naming[]
  /** Sites that may hold services, sorted by name. */
  readonly sites: readonly string[]
  service(site: string, key: ServiceKey): CatalogService | undefined
}

interface SitePort {
  readonly site: string
  readonly port: CatalogPort
}

export function compileEndpoints(name: string, input: EndpointsInput): Assignment {
  const { settings } = input
  const perSite = siteOrder(settings, input.sites)
    .flatMap((site) => portOf(name, site, input) ?? [])
    .map(({ port }) => port.endpoints.flatMap((endpoint) => assigned(endpoint, settings)))
    // Priorities have no gaps (rule 89): a site without endpoints takes none.
    .filter((endpoints) => endpoints.length > 0)
  const groups = settings.sites.failover === 'priority' ? perSite : perSite.length > 0 ? [perSite.flat()] : []
  const seen = new Set<string>()
  const localities = groups.flatMap((endpoints, priority) => localitiesOf(endpoints, priority, seen))
  return { name, localities }
}

/** The sites in the order that the fleet wants, then those it does not name. */
function siteOrder({ sites: { order } }: ViewSettings, sites: readonly string[]): readonly string[] {
  if (order.length === 0) return sites
  return [...order.filter((site) => sites.includes(site)), ...sites.filter((site) => !order.includes(site))]
}

function portOf(name: string, site: string, input: EndpointsInput): SitePort | undefined {
  for (const ref of input.naming.flatMap((naming) => refsOf(naming, name))) {
    if (ref.site !== undefined && ref.site !== site) continue
    const service = input.service(site, `${ref.namespace}/${ref.service}`)
    const port = service && findPort(service.ports, ref)
    if (port) return { site, port }
  }
  return undefined
}

/** By name or by number: both are found. */
export function findPort<P extends { readonly name?: string; readonly port: number; readonly protocol: string }>(
  ports: readonly P[],
  ref: PortRef,
): P | undefined {
  const candidates = ports.filter(({ protocol }) => protocol === ref.protocol)
  return candidates.find(({ name }) => name === ref.port) ?? candidates.find(({ port }) => String(port) === ref.port)
}

interface Placed extends AssignedEndpoint {
  readonly region: string
  readonly zone: string
  readonly subZone: string
}

function assigned(endpoint: CatalogEndpoint, { notReady, locality }: ViewSettings): readonly Placed[] {
  if (endpoint.state === 'notReady' && notReady === 'drop') return []
  const { address, port, additional } = endpoint
  return [{ address, port, additional, health: healthOf(endpoint, notReady), ...placeOf(endpoint, locality) }]
}

function healthOf({ state }: CatalogEndpoint, notReady: ViewSettings['notReady']): EndpointHealth {
  if (state === 'ready') return 'UNKNOWN'
  if (state === 'terminating') return 'DRAINING'
  return notReady === 'degraded' ? 'DEGRADED' : 'UNHEALTHY'
}

function placeOf(endpoint: CatalogEndpoint, { region, zone, subZone }: LocalityRule) {
  return { region: textOf(region, endpoint), zone: textOf(zone, endpoint), subZone: textOf(subZone, endpoint) }
}

function textOf(part: LocalityPart | undefined, { zone, node = '', nodeLabels }: CatalogEndpoint): string {
  switch (part?.kind) {
    case 'literal':
      return part.text
    case 'label':
      return nodeLabels?.[part.label] ?? ''
    case 'node':
      return node
    case 'zone':
      return zone ?? nodeLabels?.['topology.kubernetes.io/zone'] ?? ''
    default:
      return ''
  }
}

function localitiesOf(all: readonly Placed[], priority: number, seen: Set<string>): readonly AssignedLocality[] {
  const groups = new Map<string, { first: Placed; endpoints: AssignedEndpoint[] }>()
  // The first to claim an address has it (rule 89); what is ready claims before what is not.
  for (const each of [...all].sort(byHealth)) {
    const { address, port, additional, health } = each
    const id = `${address} ${port}`
    if (seen.has(id)) continue
    seen.add(id)
    const key = `${each.region}\0${each.zone}\0${each.subZone}`
    const group = groups.get(key) ?? { first: each, endpoints: [] }
    groups.set(key, group)
    group.endpoints.push({ address, port, additional, health })
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { first, endpoints }]) => {
      const { region, zone, subZone } = first
      return { region, zone, subZone, priority, endpoints: endpoints.sort(byAddress) }
    })
}

const RANK: Readonly<Record<EndpointHealth, number>> = {
  UNKNOWN: 0,
  HEALTHY: 0,
  DRAINING: 1,
  DEGRADED: 2,
  UNHEALTHY: 3,
}
const byHealth = (a: Placed, b: Placed): number => RANK[a.health] - RANK[b.health]

function byAddress(a: AssignedEndpoint, b: AssignedEndpoint): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1
  return a.port - b.port
}
