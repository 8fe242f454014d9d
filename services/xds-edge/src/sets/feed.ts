// Turns the news of one fleet's set, and of the views it links to, into updates of its history. A revision takes effect
// whole, and only when the views that it needs are at the revisions it needs (nothing half, rule 4 of the design).
import { diff } from '@fleetcast/shared/resources/diff'
import {
  type Entry,
  type EntryKey,
  entryKey,
  isLink,
  type SetChange,
  type SetContents,
  type SetHead,
  type SetName,
  type SetNews,
} from '@fleetcast/shared/store/set-store'
import type { FleetHistory, FleetUpdate, ResourceKey } from './fleet-history.ts'
import type { View } from './view.ts'

export interface Feed {
  readonly history: FleetHistory
  /** The head that is being served; undefined before the first. */
  readonly head: SetHead | undefined
  /** True while news wait for views. */
  readonly isWaiting: boolean
  /** News of the fleet's own set. */
  news(news: SetNews): void
  /** These entries of a view that the fleet links to have changed. */
  relink(keys: readonly EntryKey[]): void
  /** Takes what waited, as far as the views now let it. True where it moved to another generation. */
  advance(): boolean
  /** No view tells it of changes any more. */
  release(): void
}

export type FindView = (generation: string, set: SetName) => View<Feed>

/** What came and may not be used yet: a whole set, then changes on top of it. */
interface Waiting {
  contents: { readonly entries: Map<EntryKey, Entry>; head: SetHead } | undefined
  changes: { readonly head: SetHead; readonly change: SetChange }[]
}

export function createFeed(history: FleetHistory, findView: FindView): Feed {
  const entries = new Map<EntryKey, Entry>()
  const waiting: Waiting = { contents: undefined, changes: [] }
  let head: SetHead | undefined

  const hasViews = (of: SetHead): boolean =>
    Object.entries(of.needs).every(([set, revision]) => findView(of.generation, set).revision >= revision)
  const resolve = (generation: string, entry: Entry) =>
    isLink(entry) ? findView(generation, entry.link).get(entryKey(entry)) : entry

  /** Replaces one entry, keeping the views' links to this fleet right. */
  function write(generation: string, key: EntryKey, after: Entry | undefined): void {
    const before = entries.get(key)
    if (before !== undefined && isLink(before)) findView(head?.generation ?? generation, before.link).unlink(key, feed)
    if (after === undefined) entries.delete(key)
    else entries.set(key, after)
    if (after !== undefined && isLink(after)) findView(generation, after.link).link(key, feed)
  }
  function updateOf(generation: string, keys: Iterable<EntryKey>): FleetUpdate {
    const put: FleetUpdate['put'][number][] = []
    const remove: ResourceKey[] = []
    for (const key of keys) {
      const entry = entries.get(key)
      const found = entry === undefined ? undefined : resolve(generation, entry)
      if (found === undefined) remove.push(keyOf(key))
      else put.push(found)
    }
    return { put, remove }
  }
  function take(next: SetHead, change: SetChange): void {
    const keys = new Set<EntryKey>(change.remove)
    for (const key of change.remove) write(next.generation, key, undefined)
    for (const entry of change.put) {
      const key = entryKey(entry)
      keys.add(key)
      write(next.generation, key, entry)
    }
    head = next
    history.apply(updateOf(next.generation, keys))
  }
  /** A whole set, in place of what there is: a diff. Links are resolved anew, for their views may be of another generation. */
  function takeContents(contents: Pick<SetContents, 'head' | 'entries'>): void {
    const isOtherGeneration = head?.generation !== contents.head.generation
    const keys = new Set<EntryKey>()
    const change = diff(entries, contents.entries)
    for (const key of change.remove) keys.add(key)
    for (const [key, entry] of contents.entries) if (isOtherGeneration || isLink(entry)) keys.add(key)
    for (const entry of change.put) keys.add(entryKey(entry))
    for (const key of keys) write(contents.head.generation, key, contents.entries.get(key))
    head = contents.head
    history.apply(updateOf(contents.head.generation, keys))
  }
  function takeWaiting(): boolean {
    const { contents } = waiting
    const before = head?.generation
    if (contents !== undefined) {
      // Revision 0 is a set that was never committed: nobody is sent an empty set for want of a fleet.
      if (contents.head.revision === 0 || !hasViews(contents.head)) return false
      waiting.contents = undefined
      takeContents(contents)
    }
    while (waiting.changes[0] !== undefined && hasViews(waiting.changes[0].head)) {
      const next = waiting.changes.shift()
      if (next !== undefined) take(next.head, next.change)
    }
    return head?.generation !== before
  }

  /** What can't be read was not removed: it stays as it is known (rule 2 of the design). */
  function withKnown({ entries: read, unreadable }: SetContents): Map<EntryKey, Entry> {
    const kept = [...(unreadable ?? [])].flatMap((key): [EntryKey, Entry][] => {
      const known = entries.get(key)
      return known ? [[key, known]] : []
    })
    return new Map([...read, ...kept])
  }

  const feed: Feed = {
    history,
    get head() {
      return head
    },
    get isWaiting() {
      return waiting.contents !== undefined || waiting.changes.length > 0
    },
    news(news) {
      if (news.kind === 'contents') {
        waiting.contents = { entries: withKnown(news.contents), head: news.contents.head }
        waiting.changes = []
      } else if (waiting.contents !== undefined) {
        // On top of what is not in use yet: the two are taken as one.
        for (const key of news.change.remove) waiting.contents.entries.delete(key)
        for (const entry of news.change.put) waiting.contents.entries.set(entryKey(entry), entry)
        waiting.contents.head = news.head
      } else waiting.changes.push({ head: news.head, change: news.change })
    },
    relink(keys) {
      if (head !== undefined) history.apply(updateOf(head.generation, keys))
    },
    advance: takeWaiting,
    release() {
      for (const [key, entry] of entries)
        if (head !== undefined && isLink(entry)) findView(head.generation, entry.link).unlink(key, feed)
    },
  }
  return feed
}

function keyOf(key: EntryKey): ResourceKey {
  const at = key.indexOf('\n')
  return { type: key.slice(0, at), name: key.slice(at + 1) }
}
