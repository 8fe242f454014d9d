// What the store holds of one set, as far as this process knows: what a commit's change is computed against.
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

export interface Mirror {
  /** Undefined until the first contents came. */
  readonly head: SetHead | undefined
  readonly entries: ReadonlyMap<EntryKey, Entry>
  /** Sets that its links lead into. */
  readonly linked: ReadonlySet<SetName>
  /** Returns true where the whole was replaced: what is dirty is not known any more. */
  hear(news: SetNews): boolean
  /** After an own commit, where the store's news of it did not come first. */
  committed(head: SetHead, change: SetChange): void
}

export function createMirror(): Mirror {
  let head: SetHead | undefined
  let entries = new Map<EntryKey, Entry>()
  const linkCounts = new Map<SetName, number>()

  function count(entry: Entry | undefined, step: 1 | -1): void {
    if (!entry || !isLink(entry)) return
    const now = (linkCounts.get(entry.link) ?? 0) + step
    if (now > 0) linkCounts.set(entry.link, now)
    else linkCounts.delete(entry.link)
  }
  function apply(next: SetHead, change: SetChange): void {
    for (const key of change.remove) {
      count(entries.get(key), -1)
      entries.delete(key)
    }
    for (const entry of change.put) {
      count(entries.get(entryKey(entry)), -1)
      count(entry, 1)
      entries.set(entryKey(entry), entry)
    }
    head = next
  }
  function replace(contents: SetContents): void {
    head = contents.head
    entries = new Map(contents.entries)
    linkCounts.clear()
    for (const entry of entries.values()) count(entry, 1)
  }

  return {
    get head() {
      return head
    },
    get entries() {
      return entries
    },
    get linked() {
      return new Set(linkCounts.keys())
    },
    hear(news) {
      if (news.kind === 'contents') {
        const { head: next } = news.contents
        if (head?.generation === next.generation && head.revision >= next.revision) return false
        replace(news.contents)
        return true
      }
      const isNext = head?.generation === news.head.generation && head.revision + 1 === news.head.revision
      if (isNext) apply(news.head, news.change)
      return false
    },
    committed(next, change) {
      if (head?.generation !== next.generation) return
      // The store may still tell of it, or of a later one: only what is next is taken here.
      if (next.revision === head.revision) head = next
      else if (next.revision === head.revision + 1) apply(next, change)
    },
  }
}
