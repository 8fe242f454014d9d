// What the store holds of one set, as far as this process knows: what a commit's change is computed against.
import {
  type Entry,
  type EntryKey,
  entryKey,
  type SetChange,
  type SetContents,
  type SetHead,
  type SetNews,
} from '@fleetcast/shared/store/set-store'

export interface Mirror {
  /** Undefined until the first contents came. */
  readonly head: SetHead | undefined
  readonly entries: ReadonlyMap<EntryKey, Entry>
  /** Returns true where the whole was replaced: what is dirty is not known any more. */
  hear(news: SetNews): boolean
  /** After an own commit, before the store's news of it comes. */
  committed(head: SetHead, change: SetChange): void
  /** Takes contents that were read, where they are newer. */
  replace(contents: SetContents): void
}

export function createMirror(): Mirror {
  let head: SetHead | undefined
  let entries = new Map<EntryKey, Entry>()

  function apply(next: SetHead, change: SetChange): void {
    for (const key of change.remove) entries.delete(key)
    for (const entry of change.put) entries.set(entryKey(entry), entry)
    head = next
  }
  function replace(contents: SetContents): void {
    head = contents.head
    entries = new Map(contents.entries)
  }

  return {
    get head() {
      return head
    },
    get entries() {
      return entries
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
      if (head && next.revision === head.revision) head = next
      else if (head && next.revision === head.revision + 1) apply(next, change)
    },
    replace(contents) {
      const { head: next } = contents
      if (head === undefined || head.generation !== next.generation || head.revision < next.revision) replace(contents)
    },
  }
}
