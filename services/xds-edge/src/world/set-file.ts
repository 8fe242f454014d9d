// One set as a file: a line of JSON (format, set, head), then its entries, each as length and key, length and value. Whole
// or nothing: a file whose entries do not add up to the digest of its head is not read. Secrets stand in it sealed only.
import { digestOf } from '@fleetcast/shared/resources/digest'
import type { EntryCodec } from '@fleetcast/shared/store/entry-codec'
import type { Entry, EntryKey, SetContents, SetName } from '@fleetcast/shared/store/set-store'
import { z } from 'zod'

const header = z.object({
  format: z.literal(1),
  set: z.string(),
  head: z.object({
    generation: z.string(),
    revision: z.number(),
    digest: z.string(),
    positions: z.record(z.string(), z.object({ generation: z.string(), n: z.number() })),
    needs: z.record(z.string(), z.number()),
  }),
})

export interface StoredSet {
  readonly set: SetName
  readonly contents: SetContents
}

/** How many entries are written before others may go on. */
const entriesPerTurn = 500

/** Yields the file's parts, so that a large set does not hold up the streams. Throws for a secret where there is no key. */
export function* packSet(set: SetName, { head, entries }: SetContents, codec: EntryCodec): Iterable<Buffer> {
  yield Buffer.from(`${JSON.stringify({ format: 1, set, head })}\n`)
  let parts: Buffer[] = []
  for (const [key, entry] of entries) {
    parts.push(sized(Buffer.from(key)), sized(codec.encode(entry)))
    if (parts.length < 2 * entriesPerTurn) continue
    yield Buffer.concat(parts)
    parts = []
  }
  yield Buffer.concat(parts)
}

const sized = (bytes: Buffer): Buffer => {
  const size = Buffer.alloc(4)
  size.writeUInt32BE(bytes.length)
  return Buffer.concat([size, bytes])
}

/** The set, or why the file can't be used. */
export function unpackSet(file: Buffer, codec: EntryCodec): StoredSet | string {
  const end = file.indexOf(10)
  const read = end < 0 ? undefined : readHeader(file.subarray(0, end).toString())
  if (read === undefined) return 'it has no header that this edge knows'
  const entries = new Map<EntryKey, Entry>()
  let at = end + 1
  const take = (): Buffer | undefined => {
    if (at + 4 > file.length) return undefined
    const from = at + 4
    const to = from + file.readUInt32BE(at)
    at = to
    return to > file.length ? undefined : file.subarray(from, to)
  }
  while (at < file.length) {
    const key = take()?.toString()
    const value = take()
    if (key === undefined || value === undefined) return 'it ends in the middle of an entry'
    const entry = codec.decode(key, value)
    if (typeof entry === 'string') return `${key.replace('\n', ' ')} ${entry}`
    entries.set(key, entry)
  }
  if (digestOf(entries.values()) !== read.head.digest) return 'its entries are not those of its head'
  return { set: read.set, contents: { head: read.head, entries } }
}

function readHeader(line: string): z.infer<typeof header> | undefined {
  try {
    return header.safeParse(JSON.parse(line)).data
  } catch {
    return undefined
  }
}
