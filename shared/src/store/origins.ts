// Where each resource of a fleet was written: beside the set, in `sources/<fleet>`, so that whoever learns that an Envoy refused
// one can say the place. Holds no content.
import { z } from 'zod'
import type { Place } from '../objects/problem.ts'
import { type Resource, resource } from '../resources/resource.ts'
import { type Entry, type EntryKey, entryKey, isLink } from './set-store.ts'

export const ORIGINS_TYPE = 'fleetcast.dev/origins'
/** What a fleet's publishers keep for themselves and for operators; no edge reads it. */
export const sourcesSet = (fleet: string): string => `sources/${fleet}`

/** By document: where it is, then type, name, line, column and path of each resource. */
const form = z.array(
  z.object({
    in: z.object({
      site: z.string().exactOptional(),
      object: z.string().exactOptional(),
      file: z.string().exactOptional(),
      key: z.string().exactOptional(),
    }),
    has: z.array(z.tuple([z.string(), z.string(), z.number(), z.number(), z.string()])),
  }),
)

export interface Origin {
  readonly type: string
  readonly name: string
  readonly place: Place
}

export function originsResource(fleet: string, origins: Iterable<Origin>): Resource {
  const documents = new Map<string, z.infer<typeof form>[number]>()
  for (const { type, name, place } of origins) {
    const { line = 0, column = 0, path = '', ...where } = place
    const id = JSON.stringify(where)
    const document = documents.get(id) ?? { in: where, has: [] }
    documents.set(id, document)
    document.has.push([type, name, line, column, path])
  }
  const bytes = Buffer.from(JSON.stringify([...documents.values()]))
  return resource({ type: ORIGINS_TYPE, name: fleet, bytes })
}

/** Empty where there is no record that can be read. */
export function readOrigins(fleet: string, held: ReadonlyMap<EntryKey, Entry>): ReadonlyMap<EntryKey, Place> {
  const entry = held.get(entryKey({ type: ORIGINS_TYPE, name: fleet }))
  const parsed = form.safeParse(entry && !isLink(entry) ? readJson(entry.bytes) : undefined)
  const places = new Map<EntryKey, Place>()
  for (const { in: where, has } of parsed.data ?? []) {
    for (const [type, name, line, column, path] of has) {
      const at = { ...(line > 0 ? { line, column } : {}), ...(path === '' ? {} : { path }) }
      places.set(entryKey({ type, name }), { ...where, ...at })
    }
  }
  return places
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return undefined
  }
}
