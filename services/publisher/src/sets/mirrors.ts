// The mirrors of all sets that this publisher has to do with: each follows its set's news in the store, so that what
// another publisher commits is known here.
import type { Clock } from '@fleetcast/shared/runtime/clock'
import type { SetHead, SetName, SetNews, SetStore } from '@fleetcast/shared/store/set-store'
import { createMirror, type Mirror } from './mirror.ts'

export interface Mirrors {
  /** The mirror, followed from now on. */
  of(set: SetName): Mirror
  /** As `of`, once it knows what the store holds. */
  loaded(set: SetName): Promise<Mirror>
  /** Resolves once the mirror is at the head or past it: by the news that is on its way, else by reading the set. */
  catchUp(set: SetName, head: SetHead): Promise<void>
  names(): Iterable<SetName>
  /** Reads every set again: the store has another generation. */
  reload(): Promise<void>
}

/** News of another publisher's commit is usually here within a millisecond or two. */
const NEWS_WAIT_MS = 100

export function createMirrors(options: {
  readonly store: SetStore
  readonly clock: Clock
  readonly signal: AbortSignal
  /** `isWhole`: everything may be different. */
  readonly onNews: (set: SetName, isWhole: boolean, news: SetNews) => void
}): Mirrors {
  const { store, clock, signal, onNews } = options
  const mirrors = new Map<SetName, Mirror>()
  const waiting = new Map<SetName, Set<() => void>>()

  function hear(set: SetName, mirror: Mirror, news: SetNews): void {
    onNews(set, mirror.hear(news), news)
    for (const check of waiting.get(set) ?? []) check()
  }
  function mirrorOf(set: SetName): Mirror {
    const known = mirrors.get(set)
    if (known) return known
    const mirror = createMirror()
    mirrors.set(set, mirror)
    store.follow(set, (news) => hear(set, mirror, news), { signal, unsealed: true })
    return mirror
  }
  async function read(set: SetName): Promise<Mirror> {
    const mirror = mirrorOf(set)
    hear(set, mirror, { kind: 'contents', contents: await store.load(set) })
    return mirror
  }
  const isAt = ({ head }: Mirror, wanted: SetHead): boolean =>
    head?.generation === wanted.generation && head.revision >= wanted.revision

  return {
    of: mirrorOf,
    loaded: async (set) => {
      const mirror = mirrorOf(set)
      return mirror.head ? mirror : read(set)
    },
    async catchUp(set, head) {
      const mirror = mirrorOf(set)
      const cameByNews = await new Promise<boolean>((resolve) => {
        const checks = waiting.get(set) ?? new Set()
        waiting.set(set, checks)
        const end = (isThere: boolean): void => {
          checks.delete(check)
          cancel()
          resolve(isThere)
        }
        const check = (): void => {
          if (isAt(mirror, head)) end(true)
        }
        const cancel = clock.after(NEWS_WAIT_MS, () => end(false))
        checks.add(check)
        check()
      })
      if (!cameByNews) await read(set)
    },
    names: () => mirrors.keys(),
    async reload() {
      await Promise.all([...mirrors.keys()].map(read))
    },
  }
}
