// The mirrors of all sets that this publisher has to do with: each follows its set's news in the store, so that what
// another publisher commits is known here.
import type { SetName, SetNews, SetStore } from '@fleetcast/shared/store/set-store'
import { createMirror, type Mirror } from './mirror.ts'

export interface Mirrors {
  /** The mirror, followed from now on. */
  of(set: SetName): Mirror
  /** As `of`, once it knows what the store holds. */
  loaded(set: SetName): Promise<Mirror>
  names(): Iterable<SetName>
  /** Reads every set again: the store has another generation. */
  reload(): Promise<void>
}

export function createMirrors(options: {
  readonly store: SetStore
  readonly signal: AbortSignal
  /** `isWhole`: everything may be different. */
  readonly onNews: (set: SetName, isWhole: boolean, news: SetNews) => void
}): Mirrors {
  const { store, signal, onNews } = options
  const mirrors = new Map<SetName, Mirror>()

  function mirrorOf(set: SetName): Mirror {
    const known = mirrors.get(set)
    if (known) return known
    const mirror = createMirror()
    mirrors.set(set, mirror)
    store.follow(set, (news) => onNews(set, mirror.hear(news), news), { signal, unsealed: true })
    return mirror
  }
  async function read(set: SetName): Promise<Mirror> {
    const mirror = mirrorOf(set)
    const contents = await store.load(set)
    if (mirror.hear({ kind: 'contents', contents })) onNews(set, true, { kind: 'contents', contents })
    return mirror
  }

  return {
    of: mirrorOf,
    loaded: (set) => {
      const mirror = mirrorOf(set)
      return mirror.head ? Promise.resolve(mirror) : read(set)
    },
    names: () => mirrors.keys(),
    async reload() {
      await Promise.all([...mirrors.keys()].map(read))
    },
  }
}
