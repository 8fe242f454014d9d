// One set as the edge knows it: what is in use, and, while the store has a new generation, what will be in use once all
// sets have it. Never mixes generations.
import { diff } from '@fleetcast/shared/resources/diff'
import {
  type Entry,
  type EntryKey,
  entryKey,
  type SetChange,
  type SetContents,
  type SetHead,
  type SetName,
  type SetNews,
} from '@fleetcast/shared/store/set-store'

export interface SetMirror {
  readonly set: SetName
  /** Undefined until the set was seen. */
  readonly current: SetContents | undefined
  /** Contents of a generation that is not in use yet. */
  readonly coming: SetContents | undefined
  /** Takes news; what changed in `current` by it, undefined where that is nothing. */
  take(news: SetNews, generation: string | undefined): SetChange | undefined
  /** Makes `coming` current; what changed by it. */
  move(): SetChange | undefined
  /** Starts from what was kept on disk. */
  restore(contents: SetContents): void
}

interface Held {
  head: SetHead
  readonly entries: Map<EntryKey, Entry>
}

/** `coming` is used where the news is of another generation than `generation`, the one in use. */
export function createSetMirror(set: SetName): SetMirror {
  let current: Held | undefined
  let coming: Held | undefined

  return {
    set,
    get current() {
      return current
    },
    get coming() {
      return coming
    },
    take(news, generation) {
      const { head } = news.kind === 'contents' ? news.contents : news
      if (head.generation !== generation) {
        if (news.kind === 'contents') coming = hold(news.contents)
        else if (coming) applyTo(coming, news.head, news.change)
        return undefined
      }
      if (news.kind === 'contents') {
        const before = current
        current = hold(news.contents)
        return diff(before?.entries ?? new Map(), current.entries)
      }
      if (current === undefined) return undefined
      applyTo(current, news.head, news.change)
      return news.change
    },
    move() {
      if (coming === undefined) return undefined
      const before = current
      current = coming
      coming = undefined
      return diff(before?.entries ?? new Map(), current.entries)
    },
    restore(contents) {
      current = hold(contents)
    },
  }
}

const hold = ({ head, entries }: SetContents): Held => ({ head, entries: new Map(entries) })

function applyTo(held: Held, head: SetHead, change: SetChange): void {
  held.head = head
  for (const key of change.remove) held.entries.delete(key)
  for (const entry of change.put) held.entries.set(entryKey(entry), entry)
}
