// Reads a site's log from Redis: the state, whole, and events from stream entries. Nothing here writes.
import type { KubeObject, ObjectChange, ObjectKey } from '../objects/object.ts'
import type { Problem } from '../objects/problem.ts'
import { checkFormat } from '../redis/format.ts'
import { unframe } from '../redis/frames.ts'
import type { RedisConnection } from '../redis/redis-link.ts'
import type { ObjectCodec } from './object-codec.ts'
import type { LogEvent, LogState } from './object-log.ts'

export interface LogKeys {
  readonly head: string
  readonly objects: string
  readonly events: string
}

/** One hash tag a site: all its keys are in one slot, and its scripts run on a cluster. */
export const logKeys = (prefix: string, site: string): LogKeys => ({
  head: `${prefix}:log:{${site}}:head`,
  objects: `${prefix}:log:{${site}}:objects`,
  events: `${prefix}:log:{${site}}:events`,
})

export interface LogHead {
  readonly generation: string
  readonly n: number
  readonly synced: boolean
  /** The request of the last append; empty before the first. */
  readonly request: string
}

/** Throws where the log is of a newer format. */
export async function readHead(redis: RedisConnection, { head }: LogKeys): Promise<LogHead | undefined> {
  const fields = await redis.call('HMGET', head, 'v', 'generation', 'n', 'synced', 'last')
  const [version, generation, n, synced, request] = fields as (string | null)[]
  if (!generation) return undefined
  checkFormat(head, version)
  if (!/^\d+$/.test(n ?? '')) throw new Error(`${head} is not what Fleetcast writes: its n is no number`)
  return { generation, n: Number(n), synced: synced === '1', request: request ?? '' }
}

export const streamId = (n: number): string => (n === 0 ? '0-1' : `${n}-0`)

interface Reader {
  readonly redis: RedisConnection
  readonly codec: ObjectCodec
  readonly site: string
  readonly keys: LogKeys
}

export interface ReadState {
  readonly state: LogState
  /** What the next event comes after. */
  readonly request: string
}

/**
 * The position, then a scan, which may see appends that came meanwhile, then those appends: the state at the position that
 * the head has after the scan. Begins again when the log was renewed or trimmed in between.
 */
export async function readState(reader: Reader): Promise<ReadState | undefined> {
  const { redis, keys } = reader
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const before = await readHead(redis, keys)
    if (before === undefined) return undefined
    const values = await scan(redis, keys.objects)
    const after = await readHead(redis, keys)
    if (after?.generation !== before.generation) continue
    const missed = await missedValues(reader, before, after.n)
    if (missed === undefined) continue
    for (const [key, value] of missed) value.length === 0 ? values.delete(key) : values.set(key, value)
    return { state: stateOf(reader, after, values), request: after.request }
  }
  throw new Error(`${keys.objects} can't be read whole: it changes faster, or does not fit its head`)
}

function stateOf({ codec, site }: Reader, head: LogHead, values: ReadonlyMap<ObjectKey, Buffer>): LogState {
  const objects = new Map<ObjectKey, KubeObject>()
  const problems: Problem[] = []
  for (const [key, value] of values) {
    const decoded = codec.decode(site, key, value)
    if ('object' in decoded) objects.set(key, decoded.object)
    else problems.push(decoded.problem)
  }
  const position = { generation: head.generation, n: head.n }
  // Rule 2: what can't be read was not deleted, so nothing may be committed from a state that lacks it.
  if (problems.length > 0) return { position, objects, synced: false, problems }
  return { position, objects, synced: head.synced }
}

const SCAN_COUNT = 1_000
const TRIES_MAX = 10

async function scan(redis: RedisConnection, key: string): Promise<Map<ObjectKey, Buffer>> {
  const values = new Map<ObjectKey, Buffer>()
  let cursor = '0'
  do {
    const [next, pairs] = (await redis.callBuffer('HSCAN', key, cursor, 'COUNT', SCAN_COUNT)) as [Buffer, Buffer[]]
    cursor = next.toString()
    for (let i = 0; i + 1 < pairs.length; i += 2) {
      const [field, value] = [pairs[i], pairs[i + 1]]
      if (field && value) values.set(field.toString(), value)
    }
  } while (cursor !== '0')
  return values
}

/** The last value of each key that the events after the position up to `n` touched; undefined where one is missing. */
async function missedValues(
  { redis, keys }: Reader,
  { generation, n: from }: LogHead,
  to: number,
): Promise<Map<ObjectKey, Buffer> | undefined> {
  const values = new Map<ObjectKey, Buffer>()
  if (to === from) return values
  const reply = (await redis.callBuffer('XRANGE', keys.events, streamId(from + 1), streamId(to))) as RawEntry[]
  const entries = reply.map(parseEntry)
  for (let n = from + 1; n <= to; n++) {
    const entry = entries[n - from - 1]
    if (entry?.n !== n || entry.generation !== generation || entry.body === undefined) return undefined
    for (const [key, value] of entry.body) values.set(key, value)
  }
  return values
}

/** `[id, [field, value, …]]`; the fields are null where the entry was trimmed while it was pending. */
export type RawEntry = readonly [Buffer, readonly Buffer[] | null]

export interface StreamEntry {
  readonly id: string
  readonly n: number
  readonly version: string | undefined
  readonly generation: string | undefined
  readonly synced: boolean
  readonly request: string
  /** The request of the append before it. */
  readonly after: string
  /** Undefined where it was too large to be carried, was trimmed, or can't be read. */
  readonly body: readonly (readonly [ObjectKey, Buffer])[] | undefined
}

export function parseEntry([rawId, fields]: RawEntry): StreamEntry {
  const id = rawId.toString()
  const named = new Map<string, Buffer>()
  for (let i = 0; i + 1 < (fields?.length ?? 0); i += 2) {
    const [name, value] = [fields?.[i], fields?.[i + 1]]
    if (name && value) named.set(name.toString(), value)
  }
  return {
    id,
    n: id === '0-1' ? 0 : Number(id.split('-')[0]),
    version: named.get('v')?.toString(),
    generation: named.get('g')?.toString(),
    synced: named.has('s'),
    request: named.get('r')?.toString() ?? '',
    after: named.get('after')?.toString() ?? '',
    body: parseBody(named.get('b')),
  }
}

function parseBody(bytes: Buffer | undefined): StreamEntry['body'] {
  if (bytes === undefined) return undefined
  const parts = unframe(bytes)
  if (parts === undefined || parts.length % 2 !== 0) return undefined
  const pairs: [ObjectKey, Buffer][] = []
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const [key, value] = [parts[i], parts[i + 1]]
    if (key && value) pairs.push([key.toString(), value])
  }
  return pairs
}

/** The event of an entry; where it was too large to be carried, an event that says so. */
export function eventOf(codec: ObjectCodec, site: string, { generation = '', n, synced, body }: StreamEntry): LogEvent {
  const changes: ObjectChange[] = []
  const problems: Problem[] = []
  for (const [key, value] of body ?? []) {
    if (value.length === 0) {
      changes.push({ key, object: undefined })
      continue
    }
    const decoded = codec.decode(site, key, value)
    if ('object' in decoded) changes.push({ key, object: decoded.object })
    else problems.push(decoded.problem)
  }
  return {
    position: { generation, n },
    changes,
    ...(synced ? { synced: true as const } : {}),
    ...(body === undefined ? { isLarge: true as const } : {}),
    ...(problems.length > 0 ? { problems } : {}),
  }
}
