// The state directory of a publisher: the last synced objects of each site, for the day on which the log is lost while this
// process is down and a site is silent (design rule 2). A file a site. Secrets and ConfigMaps stand in it sealed where
// there is a key (design rule 8).
import { hash } from 'node:crypto'
import { createObjectCodec, type ObjectCodec } from '@fleetcast/shared/log/object-codec'
import type { Position } from '@fleetcast/shared/log/object-log'
import type { KubeObject, ObjectKey } from '@fleetcast/shared/objects/object'
import type { Clock } from '@fleetcast/shared/runtime/clock'
import { createKeptFolder, type KeptFolder } from '@fleetcast/shared/runtime/kept-folder'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import { createSealer } from '@fleetcast/shared/runtime/seal'
import { z } from 'zod'

export interface KeptSite {
  readonly site: string
  readonly position: Position
  readonly objects: ReadonlyMap<ObjectKey, KubeObject>
}

/** By site. */
export type StateDir = KeptFolder<KeptSite>

export interface StateDirOptions {
  readonly folder: string
  readonly sealKey?: Uint8Array | undefined
  readonly clock: Clock
  readonly logger: Logger
  /** The site as it may be used now; undefined before it was synced. */
  readonly now: (site: string) => KeptSite | undefined
}

/** `body`: the hash of what follows the first line. */
const header = z.object({
  format: z.literal(1),
  site: z.string(),
  position: z.object({ generation: z.string(), n: z.number() }),
  body: z.string(),
})
const lines = z.array(z.tuple([z.string(), z.string()]))

export function createStateDir({ folder, sealKey, clock, logger, now }: StateDirOptions): StateDir {
  const codec = createObjectCodec(sealKey && createSealer(sealKey))
  return createKeptFolder({
    ...{ folder, clock, logger, suffix: '.site', what: 'the objects of a site', delayMs: 5_000 },
    pack(site) {
      const kept = now(site)
      return kept && pack(kept, codec)
    },
    unpack: (bytes) => unpack(bytes.toString(), codec),
  })
}

function* pack({ site, position, objects }: KeptSite, codec: ObjectCodec): Iterable<Buffer> {
  const values = [...objects].map(([key, object]) => [key, codec.encode(object).toString('base64')])
  const body = JSON.stringify(values)
  const first = { format: 1, site, position, body: hash('sha256', body) } satisfies z.infer<typeof header>
  yield Buffer.from(`${JSON.stringify(first)}\n${body}`)
}

/** The site, or why the file can't be used: whole or not at all. */
function unpack(text: string, codec: ObjectCodec): KeptSite | string {
  const end = text.indexOf('\n')
  const first = header.safeParse(readJson(text.slice(0, end)))
  const body = text.slice(end + 1)
  if (end < 0 || !first.success) return 'it has no header that this publisher knows'
  const parsed = lines.safeParse(readJson(body))
  if (!parsed.success || hash('sha256', body) !== first.data.body) return 'it is not whole'
  const objects = new Map<ObjectKey, KubeObject>()
  for (const [key, value] of parsed.data) {
    const decoded = codec.decode(first.data.site, key, Buffer.from(value, 'base64'))
    if ('problem' in decoded) return `${key} ${decoded.problem.message}`
    objects.set(key, decoded.object)
  }
  return { site: first.data.site, position: first.data.position, objects }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
