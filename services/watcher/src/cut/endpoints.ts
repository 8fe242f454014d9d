// Endpoints, the form before EndpointSlice: each subset, and each address family in it, becomes an object of its own.
import { isIP, isIPv6 } from 'node:net'
import type { SliceEndpoint, SliceObject } from '@fleetcast/shared/objects/object'
import { z } from 'zod'
import { type Cut, cutWith, type RawObject } from './cut.ts'
import { metadata, namespaceOf, optionalText, present } from './metadata.ts'
import { byAddress, bySlicePort, cutSlicePort, slicePort } from './slice.ts'
import { targetOf } from './slice-endpoint.ts'

const address = z.object({
  ip: z.string().refine((ip) => isIP(ip) !== 0, 'is no IP address'),
  hostname: optionalText,
  nodeName: optionalText,
  targetRef: z.unknown().optional(),
})

const schema = z.object({
  metadata,
  subsets: z
    .array(
      z.object({
        addresses: z.array(address).nullish(),
        notReadyAddresses: z.array(address).nullish(),
        ports: z.array(slicePort).nullish(),
      }),
    )
    .nullish(),
})

export function cutEndpoints({ raw, namespace }: RawObject): Cut {
  return cutWith(schema, raw, ({ metadata, subsets }): Cut => {
    const empty = { addressType: 'IPv4' as const, ports: [], endpoints: [] }
    const parts = (subsets ?? []).flatMap(cutSubset)
    const objects = (parts.length === 0 ? [empty] : parts).map(
      (part, at): SliceObject => ({
        kind: 'Endpoints',
        namespace: namespaceOf(metadata.namespace, namespace),
        // `~` can't stand in a name of Kubernetes, so no other object has the key.
        name: at === 0 ? metadata.name : `${metadata.name}~${at + 1}`,
        service: metadata.name,
        ...part,
      }),
    )
    return { objects, mistakes: [] }
  })
}

type Subset = NonNullable<z.infer<typeof schema>['subsets']>[number]

function cutSubset(subset: Subset): Pick<SliceObject, 'addressType' | 'ports' | 'endpoints'>[] {
  const ports = (subset.ports ?? []).map(cutSlicePort).sort(bySlicePort)
  const endpoints = [
    ...(subset.addresses ?? []).map((address) => cutAddress(address, true)),
    ...(subset.notReadyAddresses ?? []).map((address) => cutAddress(address, false)),
  ].sort(byAddress)
  return (['IPv4', 'IPv6'] as const)
    .map((addressType) => {
      const ofFamily = ({ addresses }: SliceEndpoint): boolean =>
        isIPv6(addresses[0] ?? '') === (addressType === 'IPv6')
      return { addressType, ports, endpoints: endpoints.filter(ofFamily) }
    })
    .filter((part) => part.endpoints.length > 0)
}

const cutAddress = (raw: z.infer<typeof address>, ready: boolean): SliceEndpoint => ({
  addresses: [raw.ip],
  ready,
  serving: ready,
  terminating: false,
  ...present('nodeName', raw.nodeName),
  ...present('hostname', raw.hostname),
  ...present('target', targetOf(raw.targetRef)),
})
