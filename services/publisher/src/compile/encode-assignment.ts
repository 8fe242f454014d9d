// An assignment of a view → the resource that Envoys get. Pure. Equal assignments give equal bytes.
import { encodeEndpoints } from '@fleetcast/shared/envoy/endpoints-encoder'
import { type Resource, resource } from '@fleetcast/shared/resources/resource'
import { ENDPOINTS } from '@fleetcast/shared/resources/types'
import type { AssignedEndpoint, Assignment } from '../views/compile-endpoints.ts'

export function encodeAssignment({ name, localities }: Assignment): Resource {
  const bytes = encodeEndpoints({
    clusterName: name,
    localities: localities.map(({ region, zone, subZone, priority, endpoints }) => ({
      region,
      zone,
      subZone,
      priority,
      // A client without Envoy's own reckoning passes over localities that have no weight (rule 89).
      weight: endpoints.length,
      endpoints: endpoints.map(plain),
    })),
  })
  return resource({ type: ENDPOINTS, name, bytes })
}

const plain = ({ address, port, additional, health }: AssignedEndpoint) => ({
  address,
  port,
  ...(additional.length === 0 ? {} : { additionalAddresses: additional.map((other) => ({ address: other, port })) }),
  ...(health === 'UNKNOWN' ? {} : { health }),
})
