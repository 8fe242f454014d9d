// The world: the objects of every site as its log tells them. Tells what changed, by identity: an object that did not
// change is never replaced. Must never take an object away because a log was lost: what a site had stays until its log
// is synced again (design rule 2).
import type { LogNews, Position } from '@fleetcast/shared/log/object-log'
import type { KubeObject, ObjectChange, ObjectKey } from '@fleetcast/shared/objects/object'
import { sameValue } from '@fleetcast/shared/objects/same-value'
import type { Positions } from '@fleetcast/shared/store/set-store'

export interface WorldChange {
  readonly site: string
  readonly key: ObjectKey
  readonly before: KubeObject | undefined
  readonly after: KubeObject | undefined
}

export interface World {
  /** Takes what a follower of the site's log heard; returns what changed in the objects that may be used. */
  apply(site: string, news: LogNews): readonly WorldChange[]
  /** A site that must be heard of, or carried over, before anything is complete. */
  expect(site: string): void
  /** Takes what was last known of a site that is silent, as if it had stayed. Nothing where the site was synced meanwhile. */
  carryOver(site: string, position: Position, objects: ReadonlyMap<ObjectKey, KubeObject>): readonly WorldChange[]
  /** The usable objects of a site, and what they stand for; undefined before the first sync. */
  usable(
    site: string,
  ): { readonly position: Position; readonly objects: ReadonlyMap<ObjectKey, KubeObject> } | undefined
  /** Sites that were synced once: only these are compiled. */
  readonly synced: ReadonlySet<string>
  /** Sites that were heard of at all. */
  readonly sites: ReadonlySet<string>
  /** What the usable objects of each synced site stand for. */
  positions(): Positions
  /** How far the site's log was read, usable or not. */
  heard(site: string): Position | undefined
  object(site: string, key: ObjectKey): KubeObject | undefined
  /** Number of usable objects. */
  size(): number
}

interface Site {
  heard: Position
  /** Where `objects` stands; undefined before the first sync. */
  usable: Position | undefined
  objects: Map<ObjectKey, KubeObject>
  /** What a log that is not synced (again) holds so far. */
  pending: Map<ObjectKey, KubeObject> | undefined
}

export function createWorld(): World {
  const all = new Map<string, Site>()
  const synced = new Set<string>()
  const sites = new Set<string>()

  function become(name: string, site: Site, next: ReadonlyMap<ObjectKey, KubeObject>): readonly WorldChange[] {
    const changes = differences(name, site.objects, next)
    write(site.objects, changes)
    site.pending = undefined
    site.usable = site.heard
    synced.add(name)
    return changes
  }

  return {
    synced,
    sites,
    apply(name, news) {
      const position = news.kind === 'state' ? news.state.position : news.event.position
      let site = all.get(name)
      if (!site) {
        site = { heard: position, usable: undefined, objects: new Map(), pending: new Map() }
        all.set(name, site)
        sites.add(name)
      }
      site.heard = position
      if (news.kind === 'state') {
        const { state } = news
        if (state.synced) return become(name, site, state.objects)
        site.pending = new Map(state.objects)
        return []
      }
      const { event } = news
      if (site.pending) {
        write(site.pending, event.changes)
        return event.synced ? become(name, site, site.pending) : []
      }
      const objects = site.objects
      const changes = event.changes.flatMap(({ key, object }) => change(name, key, objects.get(key), object))
      write(objects, changes)
      site.usable = position
      return changes
    },
    expect: (name) => void sites.add(name),
    carryOver(name, position, objects) {
      if (synced.has(name)) return []
      const known = all.get(name)
      const site: Site = known ?? { heard: position, usable: undefined, objects: new Map(), pending: new Map() }
      all.set(name, site)
      sites.add(name)
      const { pending } = site
      const changes = become(name, site, objects)
      // Its log, if there is one, is still not synced.
      site.pending = pending
      site.usable = position
      return changes
    },
    usable(name) {
      const site = all.get(name)
      return site?.usable && { position: site.usable, objects: site.objects }
    },
    positions() {
      const positions: Record<string, Position> = {}
      for (const [name, { usable }] of all) if (usable) positions[name] = usable
      return positions
    },
    heard: (site) => all.get(site)?.heard,
    object: (site, key) => all.get(site)?.objects.get(key),
    size: () => [...all.values()].reduce((sum, { objects }) => sum + objects.size, 0),
  }
}

function differences(
  site: string,
  held: ReadonlyMap<ObjectKey, KubeObject>,
  next: ReadonlyMap<ObjectKey, KubeObject>,
): readonly WorldChange[] {
  const gone = [...held].flatMap(([key, before]) => (next.has(key) ? [] : change(site, key, before, undefined)))
  return [...gone, ...[...next].flatMap(([key, after]) => change(site, key, held.get(key), after))]
}

/** Nothing where both are equal: a log that was read again must not look like a new world. */
function change(
  site: string,
  key: ObjectKey,
  before: KubeObject | undefined,
  after: KubeObject | undefined,
): readonly WorldChange[] {
  return before === after || sameValue(before, after) ? [] : [{ site, key, before, after }]
}

function write(objects: Map<ObjectKey, KubeObject>, changes: readonly (ObjectChange | WorldChange)[]): void {
  for (const each of changes) {
    const object = 'after' in each ? each.after : (each as ObjectChange).object
    if (object === undefined) objects.delete(each.key)
    else objects.set(each.key, object)
  }
}
