// What the store holds for the fleet of the benchmark, as an Envoy would get it: links resolved. For digests.
import type { Resource } from '@fleetcast/shared/resources/resource'
import { CLUSTER, ENDPOINTS, LISTENER, ROUTES } from '@fleetcast/shared/resources/types'
import { fleetSet } from '@fleetcast/shared/store/directory'
import { entryKey, isLink, type SetName, type SetStore } from '@fleetcast/shared/store/set-store'
import { digestOf } from './digest.ts'

const SHORT = { cds: CLUSTER, eds: ENDPOINTS, lds: LISTENER, rds: ROUTES } as const

/** By the short names of the control contract. */
export async function digestsOf(store: SetStore, fleet: string): Promise<Readonly<Record<string, string>>> {
  const resources = await readFleet(store, fleet)
  const ofType = (type: string): Resource[] => resources.filter((resource) => resource.type === type)
  return Object.fromEntries(Object.entries(SHORT).map(([short, type]) => [short, digestOf(ofType(type))]))
}

async function readFleet(store: SetStore, fleet: string): Promise<Resource[]> {
  const { entries } = await store.load(fleetSet(fleet))
  const all = [...entries.values()]
  const links = all.filter(isLink)
  const views = new Map<SetName, Awaited<ReturnType<SetStore['load']>>>()
  for (const name of new Set(links.map(({ link }) => link))) views.set(name, await store.load(name))
  const linked = links.flatMap((link) => {
    const entry = views.get(link.link)?.entries.get(entryKey(link))
    return entry && !isLink(entry) ? [entry] : []
  })
  return [...all.flatMap((entry) => (isLink(entry) ? [] : [entry])), ...linked]
}
