// One view as the edge has it, in one generation of the store: its resources, and which fleets link to which of them, so
// that a change of a view reaches the fleets that use it and costs nothing else. Holds no streams.

import { diff } from '@fleetcast/shared/resources/diff'
import type { Resource } from '@fleetcast/shared/resources/resource'
import { type EntryKey, entryKey, isLink, type SetChange, type SetContents } from '@fleetcast/shared/store/set-store'

export interface View<User> {
  readonly generation: string
  /** 0 until something of it was read: nothing that needs the view may be used before. */
  readonly revision: number
  get(key: EntryKey): Resource | undefined
  link(key: EntryKey, user: User): void
  unlink(key: EntryKey, user: User): void
  /** Takes it whole; returns the keys that changed, by the users that link to them. */
  load(contents: SetContents): ReadonlyMap<User, readonly EntryKey[]>
  /** Takes a change; returns the keys that changed, by the users that link to them. */
  apply(revision: number, change: SetChange): ReadonlyMap<User, readonly EntryKey[]>
}

export function createView<User>(generation: string): View<User> {
  const resources = new Map<EntryKey, Resource>()
  const users = new Map<EntryKey, Set<User>>()
  let revision = 0

  function apply(to: number, change: SetChange): ReadonlyMap<User, readonly EntryKey[]> {
    const affected = new Map<User, EntryKey[]>()
    const note = (key: EntryKey): void => {
      for (const user of users.get(key) ?? []) {
        const keys = affected.get(user)
        if (keys) keys.push(key)
        else affected.set(user, [key])
      }
    }
    revision = to
    for (const key of change.remove) {
      resources.delete(key)
      note(key)
    }
    for (const entry of change.put) {
      // A view holds resources only; a link in it leads nowhere.
      if (isLink(entry)) continue
      const key = entryKey(entry)
      resources.set(key, entry)
      note(key)
    }
    return affected
  }
  return {
    generation,
    get revision() {
      return revision
    },
    get: (key) => resources.get(key),
    link(key, user) {
      const known = users.get(key)
      if (known) known.add(user)
      else users.set(key, new Set([user]))
    },
    unlink(key, user) {
      const known = users.get(key)
      if (!known?.delete(user)) return
      if (known.size === 0) users.delete(key)
    },
    load({ head, entries, unreadable }) {
      const change = diff(resources, entries)
      // What can't be read was not removed (rule 2 of the design).
      return apply(head.revision, { ...change, remove: change.remove.filter((key) => unreadable?.has(key) !== true) })
    },
    apply,
  }
}
