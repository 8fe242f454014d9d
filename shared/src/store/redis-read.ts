// Reads sets from Redis: heads, contents as of one revision, changes and history. Nothing here writes.
import { z } from 'zod'
import { checkFormat } from '../redis/format.ts'
import { unframe } from '../redis/frames.ts'
import type { RedisConnection } from '../redis/redis-link.ts'
import { EMPTY_DIGEST } from '../resources/digest.ts'
import type { Logger } from '../runtime/logger.ts'
import type { EntryCodec } from './entry-codec.ts'
import { CHANGES, HEADS } from './redis-scripts.ts'
import type {
  Entry,
  EntryKey,
  HistoryEntry,
  Positions,
  SetChange,
  SetContents,
  SetHead,
  SetName,
  StoreGeneration,
} from './set-store.ts'

/** Keys of one set share a hash tag, so that its scripts run on a cluster. */
export const setKeys = (prefix: string, set: SetName) => ({
  head: `${prefix}:set:{${set}}:head`,
  entries: `${prefix}:set:{${set}}:entries`,
  changes: `${prefix}:set:{${set}}:changes`,
  news: `${prefix}:set:{${set}}:news`,
  staging: (word: string): string => `${prefix}:set:{${set}}:staging:${word}`,
  problems: `${prefix}:set:{${set}}:problems`,
})
export const storeKeys = (prefix: string) => ({
  generation: `${prefix}:{store}:generation`,
  news: `${prefix}:{store}:news`,
  edges: `${prefix}:{nodes}:edges`,
  nodes: (edge: string): readonly [string, string] => [`${prefix}:nodes:{${edge}}`, `${prefix}:nodes:{${edge}}:until`],
})

export interface Heads {
  readonly generation: StoreGeneration | undefined
  readonly heads: ReadonlyMap<SetName, SetHead>
  /** Sets whose head can't be read, with why: they say nothing of others. */
  readonly unreadable: ReadonlyMap<SetName, Error>
}

export interface SetReader {
  heads(redis: RedisConnection, sets: readonly SetName[]): Promise<Heads>
  /** The same over the connection for commands; throws where one can't be read. */
  current(sets: readonly SetName[]): Promise<Heads>
  load(set: SetName): Promise<SetContents>
  /** Every change after the head, oldest first; undefined where they are not all kept any more, or too many. */
  changesSince(set: SetName, head: SetHead): Promise<readonly { head: SetHead; change: SetChange }[] | undefined>
  history(set: SetName, limit: number): Promise<readonly HistoryEntry[]>
  /** Frames of entry key and value in turn, as a change. Undefined where they are none. */
  decodeChange(set: SetName, body: Buffer): SetChange | undefined
}

export const emptyHead = (generation: string): SetHead => ({
  generation,
  revision: 0,
  digest: EMPTY_DIGEST,
  positions: {},
  needs: {},
})

type Texts = readonly (string | null | undefined)[]
type Values = Map<EntryKey, Buffer>

const RECORDS_MAX = 1_000
const TOUCHED_MAX = 2_000
const SCAN_COUNT = 500
const TRIES_MAX = 10

export function createSetReader(deps: {
  readonly redis: RedisConnection
  readonly isCluster: boolean
  readonly prefix: string
  readonly codec: EntryCodec
  readonly logger: Logger
}): SetReader {
  const { redis, isCluster, prefix, codec, logger } = deps
  const { generation: generationKey } = storeKeys(prefix)

  const decode = (set: SetName, key: EntryKey, value: Buffer): Entry | undefined => {
    const entry = codec.decode(key, value)
    if (typeof entry !== 'string') return entry
    logger.error({ set, entry: key.replace('\n', ' ') }, `an entry of a set ${entry}`)
    return undefined
  }
  const readHeads = async (connection: RedisConnection, sets: readonly SetName[]): Promise<Heads> => {
    const keys = sets.map((set) => setKeys(prefix, set).head)
    // One read where all keys may be in one script; on a cluster one for each set.
    const replies = isCluster
      ? await Promise.all([
          connection.call('HMGET', generationKey, 'v', 'id', 'sealed'),
          ...keys.map((key) =>
            connection
              .call('HMGET', key, 'v', 'generation', 'revision', 'digest', 'positions', 'needs')
              .catch(wrongType),
          ),
        ])
      : ((await connection.run(HEADS, [generationKey, ...keys], [])) as unknown[])
    const generation = parseGeneration(generationKey, replies[0] as Texts)
    const heads = new Map<SetName, SetHead>()
    const unreadable = new Map<SetName, Error>()
    for (const [i, set] of sets.entries()) {
      const head = tryHead(keys[i] ?? set, replies[i + 1])
      // The head of another generation is what was left of a store that is gone.
      if (head instanceof Error) unreadable.set(set, head)
      else heads.set(set, head?.generation === generation?.id && head ? head : emptyHead(generation?.id ?? ''))
    }
    return { generation, heads, unreadable }
  }
  const current = async (sets: readonly SetName[]): Promise<Heads> => {
    const read = await readHeads(redis, sets)
    for (const error of read.unreadable.values()) throw error
    return read
  }
  const readChanges = async (set: SetName, after: number | undefined, count: number, touchedMax: number) => {
    const { head, entries, changes } = setKeys(prefix, set)
    const args = [after ?? '', count, touchedMax]
    const [rawHead, rawRecords, touched] = (await redis.runBuffer(CHANGES, [head, entries, changes], args)) as [
      (Buffer | null)[],
      [Buffer, Buffer[]][],
      Buffer,
    ]
    const values = pairsOf(touched)
    if (values === undefined) throw new Error(`${entries} can't be read`)
    return {
      head: parseHead(
        head,
        rawHead.map((field) => field?.toString()),
      ),
      records: rawRecords.map((record) => parseRecord(changes, record)).filter((record) => record !== undefined),
      values: new Map(values),
    }
  }
  const scan = async (set: SetName): Promise<Values> => {
    const values: Values = new Map()
    let cursor = '0'
    do {
      const { entries } = setKeys(prefix, set)
      const [next, pairs] = (await redis.callBuffer('HSCAN', entries, cursor, 'COUNT', SCAN_COUNT)) as [
        Buffer,
        Buffer[],
      ]
      cursor = next.toString()
      for (let i = 0; i + 1 < pairs.length; i += 2) {
        const [key, value] = [pairs[i], pairs[i + 1]]
        if (key && value) values.set(key.toString(), value)
      }
    } while (cursor !== '0')
    return values
  }

  const reader: SetReader = {
    heads: readHeads,
    current,
    async load(set) {
      for (let tries = 0; tries < TRIES_MAX; tries++) {
        const before = (await current([set])).heads.get(set)
        if (before === undefined || before.revision === 0) return { head: before ?? emptyHead(''), entries: new Map() }
        const scanned = await scan(set)
        // The scan may have seen commits that came meanwhile: what they touched is read again, with their head, as one.
        const { head, records, values } = await readChanges(set, before.revision, RECORDS_MAX, TOUCHED_MAX)
        if (head?.generation !== before.generation || head.revision !== before.revision + records.length) continue
        for (const [key, value] of values) value.length === 0 ? scanned.delete(key) : scanned.set(key, value)
        const entries = new Map<EntryKey, Entry>()
        const unreadable = new Set<EntryKey>()
        for (const [key, value] of scanned) {
          const entry = decode(set, key, value)
          if (entry) entries.set(key, entry)
          else unreadable.add(key)
        }
        return { head, entries, ...(unreadable.size > 0 ? { unreadable } : {}) }
      }
      throw new Error(
        `${setKeys(prefix, set).entries} can't be read whole: it changes faster, or does not fit its head`,
      )
    },
    async changesSince(set, since) {
      const { head, records, values } = await readChanges(set, since.revision, RECORDS_MAX, TOUCHED_MAX)
      const isWhole = records.every(({ revision }, i) => revision === since.revision + 1 + i)
      if (head?.generation !== since.generation || !isWhole) return undefined
      if (head.revision !== since.revision + records.length) return undefined
      if (records[0] && records[0].from !== since.digest) return undefined
      return walkBack(records.toReversed(), values)
        .map(({ record, after }) => ({ head: record.head, change: changeOf(after, (k, v) => decode(set, k, v)) }))
        .reverse()
    },
    async history(set, limit) {
      const { generation } = await readHeads(redis, [])
      const { records, values } = await readChanges(set, undefined, Math.max(1, limit), Number.MAX_SAFE_INTEGER)
      const own = records.filter(({ head }) => head.generation === generation?.id)
      return walkBack(own, values).map(({ record, after }) => ({
        revision: record.revision,
        at: record.at,
        cause: record.cause,
        changes: after.map(([key, value], i) => {
          const old = record.before[i]?.[1]
          const [was, is] = [old, value].map((each) => (each?.length ? decode(set, key, each) : undefined))
          return { key, ...(was && { before: was }), ...(is && { after: is }) }
        }),
      }))
    },
    decodeChange(set, body) {
      const pairs = pairsOf(body)
      return pairs && changeOf(pairs, (key, value) => decode(set, key, value))
    },
  }
  return reader
}

interface ChangeRecord {
  readonly revision: number
  readonly head: SetHead
  /** The digest before it. */
  readonly from: string
  readonly at: Date
  readonly cause: string
  readonly before: Pairs
}
type Pairs = readonly (readonly [EntryKey, Buffer])[]

/** Records hold what stood before them; walking back from what stands now tells what each of them put. Newest first. */
function walkBack(records: readonly ChangeRecord[], now: Values): { record: ChangeRecord; after: Pairs }[] {
  return records.map((record) => {
    const after = record.before.map(([key]) => [key, now.get(key) ?? Buffer.alloc(0)] as const)
    for (const [key, value] of record.before) now.set(key, value)
    return { record, after }
  })
}

function changeOf(pairs: Pairs, decode: (key: EntryKey, value: Buffer) => Entry | undefined): SetChange {
  const present = pairs.filter(([, value]) => value.length > 0)
  return {
    // What can't be read stays as it was known.
    put: present.map(([key, value]) => decode(key, value)).filter((entry) => entry !== undefined),
    remove: pairs.filter(([, value]) => value.length === 0).map(([key]) => key),
  }
}

function pairsOf(body: Buffer): Pairs | undefined {
  const parts = unframe(body)
  if (parts === undefined || parts.length % 2 !== 0) return undefined
  const pairs: [EntryKey, Buffer][] = []
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const [key, value] = [parts[i], parts[i + 1]]
    if (key && value) pairs.push([key.toString(), value])
  }
  return pairs
}

const position = z.object({ generation: z.string(), n: z.number() })
const positionsText = z.record(z.string(), position)
const needsText = z.record(z.string(), z.number())

export function parseHead(
  key: string,
  [version, generation, revision, digest, positions, needs]: Texts,
): SetHead | undefined {
  if (!generation) return undefined
  checkFormat(key, version)
  const number = Number(revision)
  if (!Number.isSafeInteger(number) || number < 0 || !/^[0-9a-f]{32}$/.test(digest ?? EMPTY_DIGEST)) {
    throw new Error(`${key} is not what Fleetcast writes`)
  }
  return {
    generation,
    revision: number,
    digest: digest ?? EMPTY_DIGEST,
    positions: parseJson(positionsText, key, positions) satisfies Positions,
    needs: parseJson(needsText, key, needs),
  }
}

/** Scripts answer a text where the value is of another type. */
function tryHead(key: string, reply: unknown): SetHead | Error | undefined {
  if (!Array.isArray(reply)) return new Error(`${key} is not what Fleetcast writes (${String(reply)})`)
  try {
    return parseHead(key, reply as Texts)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function wrongType(error: unknown): string {
  if (error instanceof Error && error.message.includes('WRONGTYPE')) return error.message
  throw error
}

function parseJson<T>(schema: z.ZodType<T>, key: string, text: string | null | undefined): T {
  try {
    return schema.parse(JSON.parse(text ?? '{}'))
  } catch {
    throw new Error(`${key} is not what Fleetcast writes`)
  }
}

export function parseGeneration(key: string, [version, id, sealed]: Texts): StoreGeneration | undefined {
  if (!id) return undefined
  checkFormat(key, version)
  return { id, sealed: sealed === '1' }
}

function parseRecord(key: string, [id, fields]: [Buffer, Buffer[]]): ChangeRecord | undefined {
  const named = new Map<string, Buffer>()
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [name, value] = [fields[i], fields[i + 1]]
    if (name && value) named.set(name.toString(), value)
  }
  const text = (name: string): string | undefined => named.get(name)?.toString()
  const revision = String(id).split('-')[0]
  const head = parseHead(key, [text('v'), text('g'), revision, text('d'), text('p'), text('n')])
  const before = pairsOf(named.get('b') ?? Buffer.alloc(0))
  if (head === undefined || before === undefined) return undefined
  const from = text('f') ?? EMPTY_DIGEST
  return { revision: head.revision, head, from, at: new Date(Number(text('t'))), cause: text('c') ?? '', before }
}
