// What a fleet.yaml says, once it is read: the settings of a fleet with nothing left to parse.
import type { JsonObject } from '@fleetcast/shared/envoy/json-value'
import type { Labels } from '@fleetcast/shared/objects/object'
import type { NodeMatch } from '@fleetcast/shared/store/directory'
import type { Matches } from './glob.ts'
import type { Naming } from './naming.ts'
import { DEFAULT_NAMING, readNaming } from './naming.ts'
import type { Selects } from './selector.ts'
import type { Page } from './written.ts'

/** Which Services become clusters. */
export type ServiceChoice =
  | { readonly kind: 'referred' }
  | { readonly kind: 'all' }
  | { readonly kind: 'chosen'; readonly selects: Selects; readonly namespaces: readonly Matches[] }

/** The port of a Service that an override or naming speaks of. */
export interface Subject {
  readonly cluster: string
  readonly namespace: string
  readonly service: string
  readonly site: string
  readonly port: number
  readonly portName?: string | undefined
  readonly protocol: string
  readonly labels: Labels
}

export interface Override {
  readonly matches: (subject: Subject) => boolean
  /** Canonical JSON without a name; undefined: the cluster is left out. */
  readonly cluster: JsonObject | undefined
}

export type LocalityPart =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'label'; readonly label: string }
  /** The name of the endpoint's Node. */
  | { readonly kind: 'node' }
  /** The zone that the endpoint itself tells, else that of its Node. */
  | { readonly kind: 'zone' }

export interface LocalityRule {
  readonly region?: LocalityPart
  readonly zone?: LocalityPart
  readonly subZone?: LocalityPart
}

/** All that decides how the catalog becomes endpoints: fleets that agree on it share a view. Plain JSON. */
export interface ViewSettings {
  readonly naming: readonly string[]
  readonly notReady: 'drop' | 'unhealthy' | 'degraded'
  readonly locality: LocalityRule
  /** Sites in order; with `priority`, a site is used when those before it have nothing. Empty: all sites alike. */
  readonly sites: { readonly order: readonly string[]; readonly failover: 'none' | 'priority' }
}

/** Where a target stands for a port of a Service: `xds:///echo.shop:50051`. */
export const TARGET_NAMING = '{service}.{namespace}:{port}'
/** The name that the Listener of a gRPC server has by convention; `%s` is the address it listens at. */
export const SERVER_NAME = 'grpc/server?xds.resource.listening_address=%s'

/** What gRPC's clients and servers are given that speak xDS without a proxy. */
export interface GrpcSettings {
  /** The names of targets. */
  readonly naming: readonly Naming[]
  readonly servers: {
    readonly name: string
    /** Beside those that the target ports of Services tell. */
    readonly addresses: readonly string[]
    /** A Listener as it was written, without name and address; undefined: one that answers everything. */
    readonly listener: { readonly page: Page; readonly value: unknown } | undefined
  }
}

export interface FleetSettings {
  readonly nodes: NodeMatch | undefined
  readonly services: ServiceChoice
  readonly naming: readonly Naming[]
  /** Canonical JSON without a name. */
  readonly base: JsonObject
  readonly overrides: readonly Override[]
  readonly discovery: 'eds' | 'strict_dns' | 'logical_dns'
  readonly view: ViewSettings
  readonly grpc: GrpcSettings | undefined
  /** Namespaces whose ConfigMaps may join, beside the fleet's own. */
  readonly namespaces: readonly string[]
  readonly removeAfterMs: number
  /** Clusters made from Services speak to their upstreams as they are spoken to (HTTP/1.1 or HTTP/2), and take the annotation `kubenvoy.Cluster`. */
  readonly kubenvoy: boolean
}

export const NODE_LOCALITY: LocalityRule = {
  region: { kind: 'label', label: 'topology.kubernetes.io/region' },
  zone: { kind: 'zone' },
}

export const DEFAULT_VIEW: ViewSettings = {
  naming: [DEFAULT_NAMING],
  notReady: 'drop',
  locality: NODE_LOCALITY,
  sites: { order: [], failover: 'none' },
}

export function defaultSettings(): FleetSettings {
  return {
    nodes: undefined,
    services: { kind: 'referred' },
    naming: namingsOf([DEFAULT_NAMING]),
    base: {},
    overrides: [],
    discovery: 'eds',
    view: DEFAULT_VIEW,
    grpc: undefined,
    namespaces: [],
    removeAfterMs: 5_000,
    kubenvoy: false,
  }
}

/** Templates that are known to be right. */
export function namingsOf(templates: readonly string[]): readonly Naming[] {
  return templates.map(readNaming).filter((naming): naming is Naming => 'parts' in naming)
}
