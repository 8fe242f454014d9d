// The catalog index: which objects make up which service, kept up to date change by change. A service is compiled when
// it is asked for and kept until one of its objects changes, so that the cost of a change does not grow with the world.
import type { CatalogService, ServiceKey } from '@fleetcast/shared/catalog/catalog'
import type { NodeObject, ObjectKey, ServiceObject, ServicePort, SliceObject } from '@fleetcast/shared/objects/object'
import type { Checked } from '@fleetcast/shared/objects/problem'
import type { WorldChange } from '../world/world.ts'
import { compileService, isSamePort } from './compile-service.ts'

export interface Catalog {
  /** Returns the services whose endpoints may have changed. */
  apply(change: WorldChange): readonly ServiceKey[]
  /** By site. Absent where the site has no such Service. */
  service(site: string, key: ServiceKey): Checked<CatalogService> | undefined
  /** The Service objects by site, for what only they know (labels, annotations, type). */
  objects(key: ServiceKey): ReadonlyMap<string, ServiceObject>
  /** The numbers that a port of a Service has in its Pods, as its slices tell them; sorted. */
  targetPorts(site: string, key: ServiceKey, port: ServicePort): readonly number[]
  /** Every Service of every site. */
  keys(): Iterable<ServiceKey>
}

interface SiteIndex {
  readonly parts: Map<ServiceKey, Parts>
  readonly nodes: Map<string, NodeObject>
  /** Services with an endpoint on the node, with the number of their slices there. */
  readonly onNode: Map<string, Map<ServiceKey, number>>
}
interface Parts {
  readonly slices: Map<ObjectKey, SliceObject>
  compiled?: Checked<CatalogService> | undefined
}

const NOTHING: ReadonlyMap<string, ServiceObject> = new Map()

export function createCatalog(): Catalog {
  const sites = new Map<string, SiteIndex>()
  const services = new Map<ServiceKey, Map<string, ServiceObject>>()

  const indexOf = (site: string): SiteIndex => {
    const known = sites.get(site)
    if (known) return known
    const made: SiteIndex = { parts: new Map(), nodes: new Map(), onNode: new Map() }
    sites.set(site, made)
    return made
  }

  function applyService(site: string, before: ServiceObject | undefined, after: ServiceObject | undefined) {
    const key = keyOf((after ?? before) as ServiceObject)
    const bySite = services.get(key) ?? new Map<string, ServiceObject>()
    if (after) bySite.set(site, after)
    else bySite.delete(site)
    if (bySite.size > 0) services.set(key, bySite)
    else services.delete(key)
    forget(indexOf(site), key)
    return [key]
  }

  return {
    apply({ site, key, before, after }) {
      switch ((after ?? before)?.kind) {
        case 'Service':
          return applyService(site, before as ServiceObject | undefined, after as ServiceObject | undefined)
        case 'EndpointSlice':
        case 'Endpoints':
          return applySlice(indexOf(site), key, before as SliceObject | undefined, after as SliceObject | undefined)
        case 'Node':
          return applyNode(indexOf(site), before as NodeObject | undefined, after as NodeObject | undefined)
        default:
          return []
      }
    },
    service(site, key) {
      const service = services.get(key)?.get(site)
      if (!service) return undefined
      const index = indexOf(site)
      const parts = partsOf(index, key)
      parts.compiled ??= compileService({
        site,
        service,
        slices: sorted(parts.slices),
        node: (name) => index.nodes.get(name),
      })
      return parts.compiled
    },
    objects: (key) => services.get(key) ?? NOTHING,
    targetPorts(site, key, port) {
      const isOnly = services.get(key)?.get(site)?.ports.length === 1
      const slices = indexOf(site).parts.get(key)?.slices.values() ?? []
      const numbers = [...slices].flatMap(({ ports }) =>
        ports.flatMap((each) => (isSamePort(each, port, isOnly && ports.length === 1) ? (each.port ?? []) : [])),
      )
      return [...new Set(numbers)].sort((a, b) => a - b)
    },
    keys: () => services.keys(),
  }
}

const keyOf = (o: { readonly namespace: string; readonly name: string }): ServiceKey => `${o.namespace}/${o.name}`

/** An Endpoints object has the name of its Service. */
function serviceOf(slice: SliceObject | undefined): ServiceKey | undefined {
  const name = slice?.service ?? (slice?.kind === 'Endpoints' ? slice.name : undefined)
  return slice && name !== undefined ? `${slice.namespace}/${name}` : undefined
}

function partsOf(index: SiteIndex, key: ServiceKey): Parts {
  const known = index.parts.get(key)
  if (known) return known
  const made: Parts = { slices: new Map() }
  index.parts.set(key, made)
  return made
}

function forget(index: SiteIndex, key: ServiceKey): void {
  const parts = index.parts.get(key)
  if (parts) parts.compiled = undefined
}

function applySlice(
  index: SiteIndex,
  key: ObjectKey,
  before: SliceObject | undefined,
  after: SliceObject | undefined,
): readonly ServiceKey[] {
  const [from, to] = [serviceOf(before), serviceOf(after)]
  if (from !== undefined) {
    partsOf(index, from).slices.delete(key)
    countNodes(index, from, before, -1)
    forget(index, from)
  }
  if (to !== undefined && after) {
    partsOf(index, to).slices.set(key, after)
    countNodes(index, to, after, 1)
    forget(index, to)
  }
  return [...new Set([from, to])].filter((each) => each !== undefined)
}

function countNodes(index: SiteIndex, service: ServiceKey, slice: SliceObject | undefined, step: 1 | -1): void {
  const names = new Set(slice?.endpoints.map(({ nodeName }) => nodeName))
  for (const name of names) {
    if (name === undefined) continue
    const counts = index.onNode.get(name) ?? new Map<ServiceKey, number>()
    index.onNode.set(name, counts)
    const count = (counts.get(service) ?? 0) + step
    if (count > 0) counts.set(service, count)
    else counts.delete(service)
    if (counts.size === 0) index.onNode.delete(name)
  }
}

/** Node labels are a part of what is compiled: a label that changes reaches every endpoint on the node. */
function applyNode(
  index: SiteIndex,
  before: NodeObject | undefined,
  after: NodeObject | undefined,
): readonly ServiceKey[] {
  if (after) index.nodes.set(after.name, after)
  else if (before) index.nodes.delete(before.name)
  const name = (after ?? before)?.name ?? ''
  const touched = [...(index.onNode.get(name)?.keys() ?? [])]
  for (const key of touched) forget(index, key)
  return touched
}

/** By key, so that what two slices say about one address does not depend on which came first. */
function sorted(slices: ReadonlyMap<ObjectKey, SliceObject>): readonly SliceObject[] {
  if (slices.size < 2) return [...slices.values()]
  return [...slices].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, slice]) => slice)
}
