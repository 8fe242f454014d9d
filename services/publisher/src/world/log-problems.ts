// What can't be read of each site's log: damaged, of a newer format, sealed with another key. Such objects stay as they were
// known, so somebody has to be told. Pure but for what it remembers.
import type { LogNews } from '@fleetcast/shared/log/object-log'
import type { ObjectKey } from '@fleetcast/shared/objects/object'
import type { Problem } from '@fleetcast/shared/objects/problem'

export interface LogProblems {
  /** Takes news; true where the site's problems are others now. */
  hear(site: string, news: LogNews): boolean
  of(site: string): readonly Problem[]
}

export function createLogProblems(): LogProblems {
  const sites = new Map<string, Map<ObjectKey, Problem>>()

  return {
    hear(site, news) {
      const held = sites.get(site)
      const found = (news.kind === 'state' ? news.state : news.event).problems ?? []
      if (!held && found.length === 0) return false
      const now = new Map(news.kind === 'state' ? [] : held)
      // An object that was written anew can be read again.
      for (const { key } of news.kind === 'event' ? news.event.changes : []) now.delete(key)
      for (const problem of found) now.set(problem.place.object ?? '', problem)
      if (now.size > 0) sites.set(site, now)
      else sites.delete(site)
      return found.length > 0 || now.size !== (held?.size ?? 0)
    },
    of: (site) => [...(sites.get(site)?.values() ?? [])],
  }
}
