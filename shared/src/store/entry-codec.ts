// How an entry of a set stands in Redis: a format byte, 16 bytes of its hash (the scripts sum and compare them), the length of
// its meta data in 4 bytes, the meta data as JSON, the bytes. The bytes of a sensitive resource are sealed (rule 8).
import { z } from 'zod'
import { FORMAT } from '../redis/format.ts'
import { entryHash } from '../resources/digest.ts'
import type { Sealer } from '../runtime/seal.ts'
import type { Entry, EntryKey } from './set-store.ts'

export interface EntryCodec {
  /** Throws for a sensitive resource where there is no key: whoever commits leaves it out then. */
  encode(entry: Entry): Buffer
  /** The entry, or why it can't be read. */
  decode(key: EntryKey, value: Buffer): Entry | string
}

const linkMeta = z.object({ link: z.string() })
const resourceMeta = z.object({
  version: z.string(),
  endpointsName: z.string().exactOptional(),
  sensitive: z.literal(true).exactOptional(),
  ttlSeconds: z.number().exactOptional(),
  aliases: z.array(z.string()).exactOptional(),
})
const meta = z.union([linkMeta, resourceMeta])

const HASH_BYTES = 16
const META_AT = 1 + HASH_BYTES + 4

export function createEntryCodec(sealer: Sealer | undefined): EntryCodec {
  return {
    encode(entry) {
      if ('link' in entry) return pack(entry, { link: entry.link }, new Uint8Array())
      const { version, endpointsName, sensitive, ttlSeconds, aliases, bytes } = entry
      const described = { version, endpointsName, sensitive, ttlSeconds, aliases }
      if (!sensitive) return pack(entry, described, bytes)
      if (!sealer)
        throw new Error(`${entry.type} ${entry.name} can't be kept: it is sensitive and there is no seal key`)
      return pack(entry, described, sealer.seal(bytes))
    },
    decode(key, value) {
      const format = value[0] ?? 0
      if (format > FORMAT) return `was written by a newer Fleetcast (format ${format}): upgrade this one`
      const parts = format === 0 ? undefined : split(value)
      const parsed = meta.safeParse(parts?.meta)
      const newline = key.indexOf('\n')
      if (parts === undefined || !parsed.success || newline < 0) return 'is not what Fleetcast writes into a set'
      const [type, name] = [key.slice(0, newline), key.slice(newline + 1)]
      if ('link' in parsed.data) return { type, name, link: parsed.data.link }
      if (parsed.data.sensitive && !sealer) return 'is sealed, and there is no seal key (FLEETCAST_SEAL_KEY)'
      const bytes = parsed.data.sensitive ? sealer?.open(parts.bytes) : Buffer.from(parts.bytes)
      if (bytes === undefined) return 'is sealed with another key, or was changed'
      return { type, name, ...parsed.data, bytes }
    },
  }
}

function pack(entry: Entry, described: object, bytes: Uint8Array): Buffer {
  const json = Buffer.from(JSON.stringify(described))
  const head = Buffer.alloc(META_AT)
  head[0] = FORMAT
  head.write(entryHash(entry), 1, 'hex')
  head.writeUInt32BE(json.length, 1 + HASH_BYTES)
  return Buffer.concat([head, json, bytes])
}

function split(value: Buffer): { readonly meta: unknown; readonly bytes: Buffer } | undefined {
  if (value.length < META_AT) return undefined
  const end = META_AT + value.readUInt32BE(1 + HASH_BYTES)
  if (end > value.length) return undefined
  try {
    return { meta: JSON.parse(value.subarray(META_AT, end).toString()), bytes: value.subarray(end) }
  } catch {
    return undefined
  }
}
