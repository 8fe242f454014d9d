// What differs in the content of a resource between two revisions, value by value. Pure. Shows no secret: contents are told
// with their secrets taken out, and that one of those changed is all that is said of it (rule 8).
import { decodeMessage } from '@fleetcast/shared/envoy/encode'
import { isObject, join } from '@fleetcast/shared/envoy/json-value'
import type { EnvoyTypes } from '@fleetcast/shared/envoy/types'
import { type Entry, isLink } from '@fleetcast/shared/store/set-store'

export interface ContentChange {
  /** Within the resource: `virtual_hosts[0].routes[1].route.cluster`; empty for the whole. */
  readonly path: string
  /** JSON values; absent where there was, or is, nothing. */
  readonly before?: unknown
  readonly after?: unknown
}

export function contentChanges(
  before: Entry | undefined,
  after: Entry | undefined,
  types: EnvoyTypes,
): readonly ContentChange[] {
  const [old, now] = [before, after].map((entry) => contentOf(entry, types))
  const changes = [...differing('', old, now)]
  const isSecret = [before, after].some((entry) => entry && !isLink(entry) && entry.sensitive)
  if (changes.length === 0 && isSecret) return [{ path: '', before: SECRET, after: SECRET }]
  return changes
}

const SECRET = 'a secret, which is not shown'

function contentOf(entry: Entry | undefined, types: EnvoyTypes): unknown {
  if (!entry) return undefined
  return isLink(entry) ? { link: entry.link } : decodeMessage(entry.type, entry.bytes, types)
}

function* differing(path: string, before: unknown, after: unknown): Iterable<ContentChange> {
  if (Array.isArray(before) && Array.isArray(after)) yield* inLists(path, before, after)
  else if (isObject(before) && isObject(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      yield* differing(join(path, key), before[key], after[key])
    }
  } else if (JSON.stringify(before) !== JSON.stringify(after)) {
    yield { path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }
  }
}

/** Items that have names are compared by them: one that is put before others changes none of these. */
function* inLists(path: string, before: readonly unknown[], after: readonly unknown[]): Iterable<ContentChange> {
  const [olds, nows] = [namesOf(before), namesOf(after)]
  if (!olds || !nows) {
    for (let i = 0; i < Math.max(before.length, after.length); i++) yield* differing(join(path, i), before[i], after[i])
    return
  }
  for (const [name, i] of nows) yield* differing(join(path, i), before[olds.get(name) ?? -1], after[i])
  for (const [name, i] of olds) if (!nows.has(name)) yield* differing(join(path, i), before[i], undefined)
}

/** Where each name stands; undefined unless all have one, and each its own. */
function namesOf(items: readonly unknown[]): ReadonlyMap<string, number> | undefined {
  const names = new Map(
    items.flatMap((item, i) => (isObject(item) && typeof item.name === 'string' ? [[item.name, i]] : [])),
  )
  return names.size === items.length ? names : undefined
}
