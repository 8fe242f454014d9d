// Whether what a fleet's own resources refer to exists, and which form of each is served when it does not. Pure. One that
// newly refers to nothing keeps the form that is committed (design rule 5); one that was never committed is served as it
// is, except a listener: Envoy refuses one whose inline routes lead nowhere, and would not be asked again.
import { checkReferences, type Known } from '@fleetcast/shared/envoy/check-references'
import type { Checked, Problem } from '@fleetcast/shared/objects/problem'
import type { Resource } from '@fleetcast/shared/resources/resource'
import { LISTENER } from '@fleetcast/shared/resources/types'
import { type Entry, type EntryKey, entryKey, isLink } from '@fleetcast/shared/store/set-store'
import type { Facts } from '../fleets/document.ts'
import type { NativeResource } from '../fleets/read-fleet.ts'

export interface NativesInput {
  readonly natives: readonly NativeResource[]
  readonly known: Known
  /** False while a site is not synced: what is missing may yet come. */
  readonly settled: boolean
  readonly committed: ReadonlyMap<EntryKey, Entry>
  /** True for a cluster that does not exist and is put there all the same, without endpoints. */
  readonly isPlaceholder: (cluster: string) => boolean
  readonly encodeNative: (native: NativeResource) => Resource
  /** Of a resource that is known by its bytes only. */
  readonly factsOf: (resource: Resource) => Facts
}

export function settleNatives(input: NativesInput): Checked<readonly NativeResource[]> {
  const problems: Problem[] = []
  const value = input.natives.flatMap((native) => {
    const wrong = checkReferences([native], input.known, { settled: input.settled })
    if (wrong.length === 0) return [native]
    // What was kept for another mistake is told of by that one.
    if (!native.isKept) problems.push(...wrong)
    return wrong.some(({ severity }) => severity === 'error') ? standIn(native, input) : [native]
  })
  return { value, problems }
}

function standIn(native: NativeResource, input: NativesInput): readonly NativeResource[] {
  const held = input.committed.get(entryKey(native))
  if (held === undefined || isLink(held)) return isRefused(native, input) ? [] : [native]
  if (held.version === input.encodeNative(native).version) return [native]
  return [{ ...held, ...input.factsOf(held), path: native.path, place: native.place, isKept: true }]
}

function isRefused({ type, references }: NativeResource, { known, isPlaceholder }: NativesInput): boolean {
  return (
    type === LISTENER &&
    references.some(
      ({ kind, name, source, carriesTraffic }) =>
        kind === 'cluster' && source === 'ads' && carriesTraffic && !known.clusters?.has(name) && !isPlaceholder(name),
    )
  )
}
