// Answers about the whole, from the store (and the log, where there is one): sites, fleets, problems, nodes.
import type { ObjectLog } from '@fleetcast/shared/log/object-log'
import type { Problem } from '@fleetcast/shared/objects/problem'
import { reasonOf } from '@fleetcast/shared/runtime/failure'
import {
  DIRECTORY,
  type DirectoryFleet,
  directoryFleet,
  directorySite,
  FLEET_TYPE,
  fleetSet,
  logSet,
  SITE_TYPE,
  siteSet,
  viewSet,
} from '@fleetcast/shared/store/directory'
import { readOrigins, sourcesSet } from '@fleetcast/shared/store/origins'
import { isLink, type NodeStatus, type SetName, type SetStore } from '@fleetcast/shared/store/set-store'
import { type OriginsOf, refusals } from './refusals.ts'

export interface SiteView {
  readonly site: string
  readonly synced?: boolean
  readonly objects?: number
  readonly position?: string
}

export interface FleetView {
  readonly fleet: string
  readonly retired: boolean
  readonly revision: number
  readonly digest: string
  readonly nodes: number
  /** Nodes that refused something that stands. */
  readonly refusing: number
  readonly problems: number
}

export interface Overview {
  /** Undefined in a store that was never used. */
  readonly generation?: string
  readonly sealed: boolean
  readonly sites: readonly SiteView[]
  readonly fleets: readonly FleetView[]
  /** Nodes without a fleet. */
  readonly unassigned: number
  readonly problems: readonly Problem[]
}

export interface Sources {
  readonly store: SetStore
  readonly log?: ObjectLog
  /** Sites that this process watches, known before anything of them is committed. */
  readonly sites?: readonly string[]
}

export async function overviewOf({ store, log, sites: watched = [] }: Sources): Promise<Overview> {
  const generation = await store.generation()
  const { fleets, sites: known } = await readDirectory(store)
  const sites = [...new Set([...known, ...watched])]
  const nodes = await store.nodes()
  const sets = [
    ...fleets.map((f) => fleetSet(f.name)),
    ...viewsOf(fleets),
    ...sites.flatMap((s) => [siteSet(s), logSet(s)]),
    DIRECTORY,
  ]
  const problems = await problemsOf(store, sets)
  const heads = await store.heads(fleets.map((f) => fleetSet(f.name)))
  return {
    ...(generation ? { generation: generation.id } : {}),
    sealed: generation?.sealed ?? false,
    sites: await Promise.all(sites.map((site) => siteView(site, log))),
    fleets: fleets.map((fleet) => {
      const set = fleetSet(fleet.name)
      const head = heads.get(set)
      const own = nodes.filter((node) => node.fleet === fleet.name)
      return {
        fleet: fleet.name,
        retired: fleet.retired,
        revision: head?.revision ?? 0,
        digest: head?.digest ?? '',
        nodes: own.length,
        refusing: own.filter(isRefusing).length,
        problems: problems.get(set)?.length ?? 0,
      }
    }),
    unassigned: nodes.filter((node) => node.fleet === undefined).length,
    problems: [...problems.values(), refusals(nodes, await originsOf(store, nodes))].flat(),
  }
}

export const isRefusing = (node: NodeStatus): boolean =>
  Object.values(node.types).some((type) => type.error !== undefined)

async function problemsOf(
  store: SetStore,
  sets: readonly SetName[],
): Promise<ReadonlyMap<SetName, readonly Problem[]>> {
  const found = await Promise.all(
    sets.map(async (set) => [set, await store.problems(set).catch((error: unknown) => [unreadable(error)])] as const),
  )
  return new Map(found)
}

/** Only of fleets that have something refused. */
async function originsOf(store: SetStore, nodes: readonly NodeStatus[]): Promise<OriginsOf> {
  const refusing = new Set(nodes.filter(isRefusing).flatMap(({ fleet }) => fleet ?? []))
  const read = async (fleet: string) =>
    [fleet, readOrigins(fleet, (await store.load(sourcesSet(fleet))).entries)] as const
  const found = new Map(await Promise.all([...refusing].map(read)))
  return (fleet) => found.get(fleet) ?? new Map()
}

/** That the problems of one set can't be read is one more of them. */
const unreadable = (error: unknown): Problem => ({
  severity: 'error',
  code: 'store',
  message: reasonOf(error),
  place: {},
})

const viewsOf = (fleets: readonly DirectoryFleet[]): readonly SetName[] => [
  ...new Set(fleets.flatMap((fleet) => fleet.views.map(viewSet))),
]

export interface Directory {
  readonly fleets: readonly DirectoryFleet[]
  readonly sites: readonly string[]
}

/** Entries that a newer version wrote and this one can't read are passed over. */
export async function readDirectory(store: SetStore): Promise<Directory> {
  const { entries } = await store.load(DIRECTORY)
  const fleets: DirectoryFleet[] = []
  const sites: string[] = []
  for (const entry of entries.values()) {
    if (isLink(entry)) continue
    const value = readJson(entry.bytes)
    if (entry.type === FLEET_TYPE) fleets.push(...take(directoryFleet.safeParse(value)))
    if (entry.type === SITE_TYPE) sites.push(...take(directorySite.safeParse(value)).map((site) => site.name))
  }
  const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
  return { fleets: fleets.sort((a, b) => byName(a.name, b.name)), sites: sites.sort(byName) }
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch {
    return undefined
  }
}

const take = <T>(result: { success: true; data: T } | { success: false }): T[] => (result.success ? [result.data] : [])

async function siteView(site: string, log: ObjectLog | undefined): Promise<SiteView> {
  const state = await log?.read(site)
  if (!state) return { site }
  const { generation, n } = state.position
  return { site, synced: state.synced, objects: state.objects.size, position: `${generation}/${n}` }
}
