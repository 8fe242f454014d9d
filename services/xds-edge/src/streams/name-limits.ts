// How many names a stream may ask for: what clients name is theirs to choose, and must not fill the memory or the time of an
// edge. Grows with what there is to be asked for, so that no proxy of a large fleet ever meets it.
import { RESOURCE_TYPES } from '@fleetcast/shared/resources/types'
import type { FleetHistory } from '../sets/fleet-history.ts'
import type { NameLimits } from '../transport/codec/decode-request.ts'

export interface StreamNameLimits extends NameLimits {
  namesMax(): number
}

const namesFree = 20_000
const nameBytesMax = 4096

export function createNameLimits(histories: () => Iterable<FleetHistory>): StreamNameLimits {
  // A name for each resource of the largest fleet, and one of former days for each.
  const namesMax = (): number => namesFree + 2 * Math.max(0, ...[...histories()].map(sizeOf))
  return { nameBytesMax, namesMax, isTooMany: (names) => names > namesFree && names > namesMax() }
}

const sizeOf = (history: FleetHistory): number =>
  RESOURCE_TYPES.reduce((sum, { url }) => sum + history.type(url).size, 0)
