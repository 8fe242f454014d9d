// Answers about nodes, and about where a resource stands, from the store.
import { fleetSet, viewSet } from '@fleetcast/shared/store/directory'
import { isLink, type NodeStatus, type SetName, type SetStore } from '@fleetcast/shared/store/set-store'
import { type EntryView, viewOf } from './entry-view.ts'
import { readDirectory } from './status.ts'

/** All nodes, or those of a fleet, by fleet and id. */
export async function nodesOf(store: SetStore, fleet?: string): Promise<readonly NodeStatus[]> {
  const nodes = await store.nodes()
  const order = (n: NodeStatus): string => `${n.fleet ?? ''}\n${n.cluster}\n${n.id}\n${n.edge}`
  return nodes
    .filter((node) => fleet === undefined || node.fleet === fleet)
    .sort((a, b) => (order(a) < order(b) ? -1 : 1))
}

export interface Found extends EntryView {
  readonly set: SetName
  readonly revision: number
}

/** Every entry of that name in every set, or undefined where there is none. */
export async function findNamed(store: SetStore, name: string, fleet?: string): Promise<readonly Found[] | undefined> {
  const { fleets } = await readDirectory(store)
  const chosen = fleets.filter((f) => fleet === undefined || f.name === fleet)
  const sets = new Set(chosen.flatMap((f) => [fleetSet(f.name), ...f.views.map(viewSet)]))
  const found: Found[] = []
  for (const set of sets) {
    const { head, entries } = await store.load(set)
    for (const entry of entries.values()) {
      const isNamed = entry.name === name || (!isLink(entry) && entry.endpointsName === name)
      if (isNamed) found.push({ set, revision: head.revision, ...viewOf(entry) })
    }
  }
  return found.length === 0 ? undefined : found
}
