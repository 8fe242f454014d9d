// Follows sets in Redis: messages tell of commits at once, and because messages get lost, heads are compared after every
// reconnect and every 3 s ± 20 %, on a connection of its own. Gives each follower news in order, and never waits for one.
import { unframe } from '../redis/frames.ts'
import type { RedisConnection, RedisLink } from '../redis/redis-link.ts'
import type { Clock, Random } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import { type Heads, parseHead, type SetReader, setKeys, storeKeys } from './redis-read.ts'
import type { FollowOptions, SetChange, SetHead, SetName, SetNews, StoreGeneration } from './set-store.ts'

export interface SetFollower {
  follow(set: SetName, onNews: (news: SetNews) => void, options: FollowOptions): void
  close(): void
}

interface Followed {
  readonly set: SetName
  readonly isUnsealedToo: boolean
  readonly onNews: (news: SetNews) => void
  readonly signal: AbortSignal
  /** What the follower was told last. */
  known: SetHead | undefined
  /** One read at a time; what comes meanwhile makes it read once more. */
  isReading: boolean
  isOutdated: boolean
}

interface FollowDeps {
  readonly link: RedisLink
  readonly reader: SetReader
  readonly prefix: string
  readonly logger: Logger
  readonly clock: Clock
  readonly random: Random
  readonly compareMs: number
}

export function createSetFollower(deps: FollowDeps): SetFollower {
  const { link, reader, prefix, logger, clock, random, compareMs } = deps
  const { news: storeNews } = storeKeys(prefix)
  const byChannel = new Map<string, Set<Followed>>()
  const closing = new AbortController()
  let connections: { readonly messages: RedisConnection; readonly heads: RedisConnection } | undefined
  let isComparing = false
  let comparesAgain = false
  let cancelTimer: (() => void) | undefined

  const all = (): Followed[] => [...byChannel.values()].flatMap((followers) => [...followers])
  const fail = (what: string, error: unknown): void => {
    if (closing.signal.aborted) return
    logger.warn({ error: error instanceof Error ? error.message : String(error) }, `${what}; trying again`)
  }

  const tell = (followed: Followed, news: SetNews): void => {
    if (followed.signal.aborted) return
    followed.known = news.kind === 'change' ? news.head : news.contents.head
    try {
      followed.onNews(news)
    } catch (error) {
      // A follower's own mistake must not end the process, nor the news of others.
      logger.error({ set: followed.set, error: String(error) }, 'a follower of a set failed')
    }
  }
  /** Reads what the follower lacks, until nothing came meanwhile. */
  const catchUp = async (followed: Followed): Promise<void> => {
    followed.isOutdated = true
    if (followed.isReading) return
    followed.isReading = true
    try {
      while (followed.isOutdated && !followed.signal.aborted) {
        followed.isOutdated = false
        for (const news of await missed(reader, followed)) tell(followed, news)
      }
    } catch (error) {
      fail(`set ${followed.set} can not be read`, error)
    } finally {
      followed.isReading = false
    }
  }
  /** Compares the heads of all sets by one read; asked meanwhile, it does so once more. */
  const compare = async (): Promise<void> => {
    comparesAgain = true
    if (isComparing || connections === undefined) return
    isComparing = true
    try {
      while (comparesAgain && byChannel.size > 0) {
        comparesAgain = false
        const followers = all()
        const read = await reader.heads(connections.heads, [...new Set(followers.map(({ set }) => set))])
        for (const error of read.unreadable.values()) fail('a head can not be compared', error)
        for (const followed of followers) if (isBehind(followed, read)) void catchUp(followed)
      }
    } catch (error) {
      fail('heads can not be compared', error)
    } finally {
      isComparing = false
    }
  }
  const startTimer = (): void => {
    if (closing.signal.aborted) return
    cancelTimer = clock.after(compareMs * (0.8 + 0.4 * random()), () => {
      void compare().then(startTimer)
    })
  }
  const hear = (channel: string, message: Buffer): void => {
    if (channel === storeNews) void compare()
    for (const followed of byChannel.get(channel) ?? []) {
      const news = followed.isReading ? undefined : newsOf(reader, followed, message)
      if (news === 'known') continue
      if (news) tell(followed, news)
      else void catchUp(followed)
    }
  }
  const subscribe = async (messages: RedisConnection, channels: readonly string[]): Promise<void> => {
    // Channels of one call must be in one slot of a cluster.
    const calls = link.isCluster ? channels.map((channel) => [channel]) : [channels]
    await Promise.all(calls.map((each) => messages.subscribe(each)))
  }
  const open = () => {
    if (connections) return connections
    const opened = { messages: link.connect('messages'), heads: link.connect('command') }
    opened.messages.onMessage(hear)
    opened.messages.onReady(() => {
      void subscribe(opened.messages, [storeNews, ...byChannel.keys()])
        .catch((error: unknown) => fail('subscribing failed', error))
        .then(compare)
    })
    startTimer()
    connections = opened
    return opened
  }

  return {
    follow(set, onNews, { signal, unsealed = false }) {
      if (signal.aborted || closing.signal.aborted) return
      const { messages } = open()
      const channel = setKeys(prefix, set).news
      const followed: Followed = {
        set,
        onNews,
        signal: AbortSignal.any([signal, closing.signal]),
        isUnsealedToo: unsealed,
        known: undefined,
        isReading: false,
        isOutdated: false,
      }
      const followers = byChannel.get(channel) ?? new Set()
      byChannel.set(channel, followers.add(followed))
      signal.addEventListener('abort', () => leave(channel, followed), { once: true })
      subscribe(messages, [channel])
        .catch((error: unknown) => fail('subscribing failed', error))
        .then(() => catchUp(followed))
        .catch(() => undefined)
    },
    close() {
      closing.abort()
      cancelTimer?.()
      connections?.messages.close()
      connections?.heads.close()
    },
  }

  function leave(channel: string, followed: Followed): void {
    const followers = byChannel.get(channel)
    followers?.delete(followed)
    if (followers?.size !== 0) return
    byChannel.delete(channel)
    connections?.messages.unsubscribe([channel]).catch(() => undefined)
  }
}

/** Edges move to a generation once it is sealed, and keep what they have until then. */
const mayHave = (followed: Followed, generation: StoreGeneration | undefined): generation is StoreGeneration =>
  generation !== undefined && (generation.sealed || followed.isUnsealedToo)

function isBehind(followed: Followed, { generation, heads }: Heads): boolean {
  const head = heads.get(followed.set)
  if (head === undefined || !mayHave(followed, generation)) return false
  const { known } = followed
  if (known?.generation !== generation.id) return true
  return known.revision !== head.revision || known.digest !== head.digest
}

async function missed(reader: SetReader, followed: Followed): Promise<readonly SetNews[]> {
  const { set, known } = followed
  const { generation, heads } = await reader.current([set])
  const head = heads.get(set)
  if (head === undefined || !mayHave(followed, generation)) return []
  if (known?.generation === generation.id) {
    if (known.revision === head.revision && known.digest === head.digest) return []
    if (known.revision < head.revision) {
      const changes = await reader.changesSince(set, known)
      if (changes) return changes.map(({ head, change }) => ({ kind: 'change', head, change }))
    }
  }
  // Also where the revision fell or the digest is another: a Redis that failed over may have lost commits.
  const contents = await reader.load(set)
  return contents.head.generation === generation.id ? [{ kind: 'contents', contents }] : []
}

/** The change that the message carries, where it is the next one; `known` where it tells nothing new. */
function newsOf(reader: SetReader, { set, known }: Followed, message: Buffer): SetNews | 'known' | undefined {
  const parsed = parseMessage(reader, set, message)
  if (known === undefined || parsed === undefined || parsed.head.generation !== known.generation) return undefined
  const { head, from, change } = parsed
  if (head.revision === known.revision && head.digest === known.digest) return 'known'
  if (head.revision !== known.revision + 1 || from !== known.digest || change === undefined) return undefined
  return { kind: 'change', head, change }
}

function parseMessage(
  reader: SetReader,
  set: SetName,
  message: Buffer,
): { readonly head: SetHead; readonly from: string; readonly change: SetChange | undefined } | undefined {
  const parts = unframe(message)
  if (parts === undefined) return undefined
  try {
    const head = parseHead(set, parts.slice(0, 6).map(String))
    const body = parts[7]
    return head && { head, from: String(parts[6]), change: body && reader.decodeChange(set, body) }
  } catch {
    // Of a newer format, or garbage: reading the set says what is the matter.
    return undefined
  }
}
