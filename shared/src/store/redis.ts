// The set store in Redis. Every commit is one script: compare-and-swap, seen whole or not at all (rule 4). Sensitive
// resources are sealed (rule 8).
import { randomUUID } from 'node:crypto'
import { checkFormat, FORMAT } from '../redis/format.ts'
import { frame } from '../redis/frames.ts'
import type { RedisLink } from '../redis/redis-link.ts'
import { digestOf } from '../resources/digest.ts'
import { type Clock, type Random, systemClock } from '../runtime/clock.ts'
import { type Logger, silentLogger } from '../runtime/logger.ts'
import { createSealer } from '../runtime/seal.ts'
import { createEntryCodec } from './entry-codec.ts'
import { createSetFollower } from './redis-follow.ts'
import { createNodeReports } from './redis-nodes.ts'
import { createSetReader, emptyHead, parseGeneration, parseHead, setKeys, storeKeys } from './redis-read.ts'
import { COMMIT, CREATE_GENERATION, SEAL } from './redis-scripts.ts'
import {
  type CommitRequest,
  type CommitResult,
  entryKey,
  type SetHead,
  type SetStore,
  type StoreGeneration,
} from './set-store.ts'
import { parseProblems } from './stored-forms.ts'

export interface RedisStoreOptions {
  /** Shared with the other adapters; it is not closed with the store. */
  readonly redis: RedisLink
  /** Starts every key. */
  readonly prefix?: string
  /** 32 bytes. Without it sensitive resources are not accepted. */
  readonly sealKey?: Uint8Array | undefined
  readonly logger?: Logger
  readonly clock?: Clock
  readonly random?: Random
  /** Revisions of a set whose changes are kept. */
  readonly historyKept?: number
  /** How often heads are compared, ± 20 %, in case a message was lost. */
  readonly compareMs?: number
}

/** A larger change is not carried in the message. */
const MESSAGE_BYTES_MAX = 64_000
/** A first commit of more entries goes to a staging key, this many at a time. */
const STAGED_ENTRIES = 1_000
const STAGING_SECONDS = 300
const CAUSE_MAX = 200

export function createRedisStore(options: RedisStoreOptions): SetStore {
  const { redis: link, prefix = 'fleetcast', sealKey, logger = silentLogger, clock = systemClock } = options
  const { random = Math.random, historyKept = 200, compareMs = 3_000 } = options
  const redis = link.commands
  const codec = createEntryCodec(sealKey && createSealer(sealKey))
  const reader = createSetReader({ redis, isCluster: link.isCluster, prefix, codec, logger })
  const follower = createSetFollower({ link, reader, prefix, logger, clock, random, compareMs })
  const reports = createNodeReports({ redis, prefix, clock })
  const { generation: generationKey, news: generationNews } = storeKeys(prefix)

  const generation = async (): Promise<StoreGeneration | undefined> =>
    parseGeneration(generationKey, (await redis.call('HMGET', generationKey, 'v', 'id', 'sealed')) as (string | null)[])

  /** Puts the entries where a commit will rename them from; answers the digest and the body that names them. */
  const stage = async (request: CommitRequest, staging: string) => {
    const puts = [...new Map(request.change.put.map((entry) => [entryKey(entry), entry]))]
    for (let i = 0; i < puts.length; i += STAGED_ENTRIES) {
      const some = puts.slice(i, i + STAGED_ENTRIES).flatMap(([key, entry]) => [key, codec.encode(entry)])
      await redis.call('HSET', staging, ...some)
      if (i === 0) await redis.call('EXPIRE', staging, STAGING_SECONDS)
    }
    await redis.call('PERSIST', staging)
    const body = frame(puts.flatMap(([key]) => [Buffer.from(key), Buffer.alloc(0)]))
    return { digest: digestOf(puts.map(([, entry]) => entry)), body }
  }
  const bodyOf = ({ change }: CommitRequest): Buffer => {
    const puts = new Map(change.put.map((entry) => [entryKey(entry), entry]))
    const removes = new Set(change.remove.filter((key) => !puts.has(key)))
    return frame([
      ...[...puts].flatMap(([key, entry]) => [Buffer.from(key), codec.encode(entry)]),
      ...[...removes].flatMap((key) => [Buffer.from(key), Buffer.alloc(0)]),
    ])
  }
  /**
   * `replaced` is what the commit may write over: nothing but its own generation at first. Where a head is missing or of another
   * generation, the store's generation is asked for, and the commit tried again if it is still the request's.
   */
  const commit = async (request: CommitRequest, replaced: string): Promise<CommitResult> => {
    const { set } = request
    const keys = setKeys(prefix, set)
    const staging = keys.staging(randomUUID())
    const isStaged = replaced !== '' && request.base === 0 && request.change.put.length > STAGED_ENTRIES
    const staged = isStaged ? await stage(request, staging) : undefined
    const reply = (await redis.run(
      COMMIT,
      [keys.head, keys.entries, keys.changes, keys.news, staging],
      [
        FORMAT,
        request.generation,
        request.base,
        JSON.stringify(request.positions),
        request.needs ? JSON.stringify(request.needs) : '',
        replaced,
        (request.cause ?? '').slice(0, CAUSE_MAX),
        historyKept,
        MESSAGE_BYTES_MAX,
        staged?.body ?? bodyOf(request),
        staged?.digest ?? '',
      ],
    )) as readonly string[]
    const [kind, ...fields] = reply
    if (staged && kind !== 'committed') await redis.call('DEL', staging)
    switch (kind) {
      case 'format':
        checkFormat(keys.head, fields[0])
        throw new Error(`${keys.head} can't be written`)
      case 'absent':
      case 'other': {
        const present = (await generation())?.id
        if (present !== request.generation) return { kind: 'lost', generation: present }
        return commit(request, kind === 'absent' ? '-' : (fields[0] ?? ''))
      }
      case 'committed':
      case 'conflict':
      case 'stale':
        return { kind, head: headOf(keys.head, fields) }
      default:
        throw new Error(`${keys.head}: the script answered ${kind}`)
    }
  }

  return {
    acceptsSecrets: sealKey !== undefined,
    generation,
    async createGeneration() {
      const id = randomUUID().slice(0, 8)
      const fields = await redis.run(CREATE_GENERATION, [generationKey, generationNews], [FORMAT, id])
      return parseGeneration(generationKey, fields as (string | null)[]) ?? { id, sealed: false }
    },
    async seal(id) {
      return (await redis.run(SEAL, [generationKey, generationNews], [id])) === 1
    },
    async heads(sets) {
      return (await reader.current(sets)).heads
    },
    load: reader.load,
    commit: (request) => commit(request, ''),
    follow: follower.follow,
    history: reader.history,
    async setProblems(set, problems) {
      const { problems: key } = setKeys(prefix, set)
      if (problems.length === 0) await redis.call('DEL', key)
      else await redis.call('SET', key, JSON.stringify({ v: FORMAT, problems }))
    },
    async problems(set) {
      const { problems: key } = setKeys(prefix, set)
      return parseProblems(key, (await redis.call('GET', key)) as string | null)
    },
    putNodes: reports.put,
    nodes: reports.all,
    async close() {
      follower.close()
    },
  }
}

const headOf = (key: string, fields: readonly string[]): SetHead =>
  parseHead(key, [String(FORMAT), ...fields]) ?? emptyHead('')
