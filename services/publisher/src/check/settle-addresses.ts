// Whether two listeners of a fleet want one address, and which form of each is served then. Pure. Envoy takes one of them and
// refuses the other: the one that stands there already has it, the one that is new there keeps its last good form (design rule 5).
import { type Clash, clashesOf, clashProblem } from '@fleetcast/shared/envoy/check-addresses'
import type { Checked } from '@fleetcast/shared/objects/problem'
import { LISTENER } from '@fleetcast/shared/resources/types'
import { entryKey, isLink } from '@fleetcast/shared/store/set-store'
import type { NativeResource } from '../fleets/read-fleet.ts'
import type { NativesInput } from './settle-natives.ts'

export type AddressesInput = Pick<NativesInput, 'natives' | 'committed' | 'encodeNative' | 'factsOf'>

export function settleAddresses(input: AddressesInput): Checked<readonly NativeResource[]> {
  const clashes = new Map<string, Clash<NativeResource>>()
  /** What is served in place of those that clash; undefined: nothing can be. */
  const standIns = new Map<string, NativeResource | undefined>()
  const formOf = (native: NativeResource): readonly NativeResource[] => {
    if (native.type !== LISTENER || !standIns.has(native.name)) return [native]
    const form = standIns.get(native.name)
    return form ? [form] : []
  }
  // One that must stay where it was may be in the way of another that moved there: that one stays too.
  for (let found = clashesIn(input, standIns, formOf); found.length > 0; found = clashesIn(input, standIns, formOf)) {
    for (const clash of found) {
      const { item } = clash
      standIns.set(item.name, standIns.has(item.name) ? undefined : standIn(item, input))
      if (!clashes.has(item.name)) clashes.set(item.name, clash)
    }
  }
  return { value: input.natives.flatMap(formOf), problems: [...clashes.values()].map(clashProblem) }
}

/** Those that stay where they were come first: nobody takes their address. */
function clashesIn(
  input: AddressesInput,
  standIns: ReadonlyMap<string, unknown>,
  formOf: (native: NativeResource) => readonly NativeResource[],
): readonly Clash<NativeResource>[] {
  const listeners = input.natives.filter(({ type }) => type === LISTENER)
  const stays = new Set(listeners.filter((native) => standIns.has(native.name) || isCommitted(native, input)))
  const order = [...stays, ...listeners.filter((native) => !stays.has(native))]
  return clashesOf(order.flatMap(formOf))
}

function isCommitted(native: NativeResource, { committed, encodeNative }: AddressesInput): boolean {
  const held = committed.get(entryKey(native))
  return held !== undefined && !isLink(held) && held.version === encodeNative(native).version
}

/** The committed form, where there is one and it is another. */
function standIn(native: NativeResource, input: AddressesInput): NativeResource | undefined {
  const held = input.committed.get(entryKey(native))
  if (held === undefined || isLink(held) || isCommitted(native, input)) return undefined
  return { ...held, ...input.factsOf(held), path: native.path, place: native.place, isKept: true }
}
