// What was last good of a fleet, as a resource of its own set `sources/<fleet>`: a publisher that starts while a document
// is broken must know what the document said before (design rule 5). Pure. Texts of a fleet.yaml may hold secrets, so the
// resource is sensitive wherever there is a key to seal it with.
import { asObject, isWrittenNumber } from '@fleetcast/shared/envoy/json-value'
import { type Resource, resource } from '@fleetcast/shared/resources/resource'
import { originsResource, readOrigins } from '@fleetcast/shared/store/origins'
import { type Entry, type EntryKey, entryKey, isLink } from '@fleetcast/shared/store/set-store'
import { z } from 'zod'
import type { Facts } from './document.ts'
import type { LastGood, NativeResource } from './read-fleet.ts'
import type { GoodKeys } from './read-settings.ts'
import { isSettingsKey } from './settings-schema.ts'
import { readPage } from './written.ts'

export const GOOD_TYPE = 'fleetcast.dev/sources'

const record = z.object({
  settings: z.record(z.string(), z.unknown()),
  ekglue: z.unknown().optional(),
  /** By document: what it held, as type and name. */
  documents: z.record(z.string(), z.array(z.tuple([z.string(), z.string()]))),
})

export function goodResource(fleet: string, good: LastGood, sealKey: Uint8Array | undefined): Resource {
  const settings = Object.fromEntries(Object.entries(good.settings).map(([key, kept]) => [key, kept.raw]))
  const documents = Object.fromEntries(
    [...good.documents].map(([id, natives]) => [id, natives.map(({ type, name }) => [type, name])]),
  )
  const plain = (_: string, value: unknown): unknown => (isWrittenNumber(value) ? value.number : value)
  const bytes = Buffer.from(JSON.stringify({ settings, ekglue: good.ekglue?.raw, documents }, plain))
  return resource({ type: GOOD_TYPE, name: fleet, bytes, sensitive: sealKey !== undefined, sealKey })
}

/** Where each resource was written. */
export const goodOrigins = (fleet: string, good: LastGood): Resource =>
  originsResource(fleet, [...good.documents.values()].flat())

/** The record with the resources that were committed; undefined where there is none that can be read. */
export function readGood(
  fleet: string,
  held: ReadonlyMap<EntryKey, Entry>,
  committed: ReadonlyMap<EntryKey, Entry>,
  factsOf: (resource: Resource) => Facts,
): LastGood | undefined {
  const entry = held.get(entryKey({ type: GOOD_TYPE, name: fleet }))
  const parsed = record.safeParse(entry && !isLink(entry) ? readJson(entry.bytes) : undefined)
  if (!parsed.success) return undefined
  const places = readOrigins(fleet, held)
  const page = readPage('{}', {})
  const settings: GoodKeys = Object.fromEntries(
    Object.entries(asObject(parsed.data.settings)).flatMap(([key, raw]) =>
      isSettingsKey(key) ? [[key, { page, raw }]] : [],
    ),
  )
  const documents = Object.entries(parsed.data.documents).map(([id, names]) => {
    const natives = names.flatMap(([type, name]): readonly NativeResource[] => {
      const kept = committed.get(entryKey({ type, name }))
      return kept && !isLink(kept)
        ? [{ ...kept, ...factsOf(kept), path: '', place: places.get(entryKey(kept)) ?? {}, isKept: true }]
        : []
    })
    return [id, natives] as const
  })
  const { ekglue } = parsed.data
  return { settings, documents: new Map(documents), ...(ekglue === undefined ? {} : { ekglue: { page, raw: ekglue } }) }
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return undefined
  }
}
