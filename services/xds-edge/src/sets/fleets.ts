// All fleets that an edge serves, fed with the news of the sets it follows. Sets in, histories advance; who follows
// which set, and which node has which fleet, is decided elsewhere.
//
//   const fleets = createFleets()
//   fleets.news(set, news)              // for each followed `fleet/<name>` and `endpoints/<view>`
//   stream.attach(fleets.fleet(name))   // a history with seq 0 holds its streams until its set is there
import type { SetName, SetNews } from '@fleetcast/shared/store/set-store'
import { createFeed, type Feed } from './feed.ts'
import { createFleetHistory, type FleetHistory } from './fleet-history.ts'
import { createView, type View } from './view.ts'

const FLEET_PREFIX = 'fleet/'

export interface SetPlace {
  readonly generation: string
  readonly revision: number
  /** News of the set came that can't be used yet, for want of a view's revision. */
  readonly isWaiting: boolean
}

export interface Fleets {
  /** The history of the fleet, whether its set is there yet or not. Always the same object. */
  fleet(name: string): FleetHistory
  /** News of a set, in the order in which they came. Streams are told before it returns. */
  news(set: SetName, news: SetNews): void
  /** What of a set is in use; undefined before anything was read of it. */
  at(set: SetName): SetPlace | undefined
  /** The revision of the fleet that its history stands at, also while its streams are told of it; 0 before the first. */
  revisionOf(name: string): number
  /** Forgets a fleet that no node can have any more. Its streams keep the history that they have. */
  forget(name: string): void
}

export function createFleets(): Fleets {
  const feeds = new Map<string, Feed>()
  /** By generation, then by set: while the store changes its generation each fleet reads views of the one it is in. */
  const generations = new Map<string, Map<SetName, View<Feed>>>()
  let histories = 0

  function viewOf(generation: string, set: SetName): View<Feed> {
    const views = generations.get(generation) ?? new Map<SetName, View<Feed>>()
    generations.set(generation, views)
    const view = views.get(set) ?? createView<Feed>(generation)
    views.set(set, view)
    return view
  }
  function feedOf(name: string): Feed {
    const known = feeds.get(name)
    if (known) return known
    const made = createFeed(createFleetHistory({ fleet: name, id: histories++ }), viewOf)
    feeds.set(name, made)
    return made
  }
  function advanceAll(): void {
    let isMoved = false
    for (const feed of feeds.values()) if (feed.isWaiting) isMoved = feed.advance() || isMoved
    if (isMoved) dropOldGenerations()
  }
  /** Views of a generation that no fleet is in any more, and that is not the newest that was heard of. */
  function dropOldGenerations(): void {
    const used = new Set([...feeds.values()].map(({ head }) => head?.generation))
    const newest = [...generations.keys()].at(-1)
    for (const generation of generations.keys())
      if (generation !== newest && !used.has(generation)) generations.delete(generation)
  }
  function viewNews(set: SetName, news: SetNews): void {
    const { generation, revision } = news.kind === 'contents' ? news.contents.head : news.head
    const view = viewOf(generation, set)
    const affected = news.kind === 'contents' ? view.load(news.contents) : view.apply(revision, news.change)
    for (const [feed, keys] of affected) feed.relink(keys)
    advanceAll()
  }

  return {
    fleet: (name) => feedOf(name).history,
    news(set, news) {
      if (!set.startsWith(FLEET_PREFIX)) {
        viewNews(set, news)
        return
      }
      const feed = feedOf(set.slice(FLEET_PREFIX.length))
      feed.news(news)
      if (feed.advance()) dropOldGenerations()
    },
    at(set) {
      if (set.startsWith(FLEET_PREFIX)) {
        const feed = feeds.get(set.slice(FLEET_PREFIX.length))
        return (
          feed?.head && { generation: feed.head.generation, revision: feed.head.revision, isWaiting: feed.isWaiting }
        )
      }
      for (const [generation, views] of [...generations].reverse()) {
        const view = views.get(set)
        if (view !== undefined && view.revision > 0) return { generation, revision: view.revision, isWaiting: false }
      }
      return undefined
    },
    revisionOf: (name) => feeds.get(name)?.head?.revision ?? 0,
    forget(name) {
      feeds.get(name)?.release()
      feeds.delete(name)
      dropOldGenerations()
    },
  }
}
