// How an entry of a set is shown to an operator: its type by the short name, never the content of a secret (rule 8).
import { RESOURCE_TYPES } from '@fleetcast/shared/resources/types'
import { type Entry, isLink } from '@fleetcast/shared/store/set-store'
import type { Difference } from './revision.ts'

export interface EntryView {
  /** `cds`, `lds`, …; the whole type where it has no short name. */
  readonly type: string
  readonly name: string
  readonly version?: string
  /** The set that the entry links into. */
  readonly link?: string
  readonly bytes?: number
}

const shortNames = new Map(RESOURCE_TYPES.map((type) => [type.url, type.short]))
export const shortType = (type: string): string => shortNames.get(type) ?? type

export function viewOf(entry: Entry): EntryView {
  const named = { type: shortType(entry.type), name: entry.name }
  return isLink(entry)
    ? { ...named, link: entry.link }
    : { ...named, version: entry.version, bytes: entry.bytes.byteLength }
}

export interface ChangeView {
  readonly change: 'added' | 'changed' | 'removed'
  readonly type: string
  readonly name: string
  readonly before?: string
  readonly after?: string
}

export function changeView({ key, before, after }: Difference): ChangeView {
  const [type = '', name = ''] = key.split('\n')
  return {
    change: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
    type: shortType(type),
    name,
    ...(before ? { before: isLink(before) ? before.link : before.version } : {}),
    ...(after ? { after: isLink(after) ? after.link : after.version } : {}),
  }
}
