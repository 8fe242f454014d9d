// The state directory of a publisher: the last synced objects of each site, for the day on which the log is lost while this
// process is down and a site is silent (design rule 2). A file a site, replaced as a whole. Nothing waits for the disk, and
// nothing fails with it. Secrets and ConfigMaps stand in it sealed where there is a key (design rule 8).
import { hash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createObjectCodec } from '@fleetcast/shared/log/object-codec'
import type { Position } from '@fleetcast/shared/log/object-log'
import type { KubeObject, ObjectKey } from '@fleetcast/shared/objects/object'
import type { Clock } from '@fleetcast/shared/runtime/clock'
import { reasonOf } from '@fleetcast/shared/runtime/failure'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import { createSealer } from '@fleetcast/shared/runtime/seal'
import { z } from 'zod'

export interface KeptSite {
  readonly site: string
  readonly position: Position
  readonly objects: ReadonlyMap<ObjectKey, KubeObject>
}

export interface StateDir {
  /** What was kept. Files that can't be used are passed over with a word in the log. */
  load(): Promise<readonly KeptSite[]>
  /** The site changed: it is written a while later, as it is then. */
  note(site: string): void
  /** Writes what is due. Never rejects. */
  flush(): Promise<void>
}

export interface StateDirOptions {
  readonly folder: string
  readonly sealKey?: Uint8Array | undefined
  readonly clock: Clock
  readonly logger: Logger
  /** The site as it may be used now; undefined before it was synced. */
  readonly now: (site: string) => KeptSite | undefined
}

const DELAY_MS = 5_000
const SUFFIX = '.site'
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
  const due = new Set<string>()
  let isScheduled = false
  let writing: Promise<void> = Promise.resolve()

  const write = async (site: string): Promise<void> => {
    const kept = now(site)
    if (!kept) return
    const values = [...kept.objects].map(([key, object]) => [key, codec.encode(object).toString('base64')])
    const body = JSON.stringify(values)
    const first = { format: 1, site, position: kept.position, body: hash('sha256', body) } satisfies z.infer<
      typeof header
    >
    const path = join(folder, `${hash('sha256', site).slice(0, 32)}${SUFFIX}`)
    // Beside the file first, then in its place: a reader sees the old one or the new one.
    await writeFile(`${path}.new`, `${JSON.stringify(first)}\n${body}`, { mode: 0o600 })
    await rename(`${path}.new`, path).catch(async (error: unknown) => {
      await rm(`${path}.new`, { force: true })
      throw error
    })
  }
  const writeDue = async (): Promise<void> => {
    for (const site of [...due]) {
      due.delete(site)
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await write(site)
      } catch (error) {
        logger.warn({ folder, site, reason: reasonOf(error) }, 'the objects of a site could not be kept')
      }
    }
  }
  const flush = (): Promise<void> => {
    writing = writing.then(writeDue)
    return writing
  }
  const read = async (name: string): Promise<readonly KeptSite[]> => {
    const found = unpack(await readFile(join(folder, name), 'utf8'), codec)
    if (typeof found !== 'string') return [found]
    logger.warn({ file: join(folder, name), reason: found }, 'the kept objects of a site are not used')
    return []
  }

  return {
    async load() {
      try {
        const names = (await readdir(folder)).filter((name) => name.endsWith(SUFFIX))
        return (await Promise.all(names.map(read))).flat()
      } catch (error) {
        // Nothing was kept yet, or nobody may read it: the log tells all the same.
        logger.info({ folder, reason: reasonOf(error) }, 'no sites were kept')
        return []
      }
    },
    note(site) {
      due.add(site)
      if (isScheduled) return
      isScheduled = true
      clock.after(DELAY_MS, () => {
        isScheduled = false
        void flush()
      })
    },
    flush,
  }
}

/** The site, or why the file can't be used: whole or not at all. */
function unpack(text: string, codec: ReturnType<typeof createObjectCodec>): KeptSite | string {
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
