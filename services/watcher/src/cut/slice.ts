// EndpointSlice: the hot kind, one event for each Pod that comes, goes or changes its readiness.
import type { SliceEndpoint, SliceObject, SlicePort } from '@fleetcast/shared/objects/object'
import { z } from 'zod'
import { type Cut, cutWith, type Mistake, type RawObject } from './cut.ts'
import { compare, metadata, namespaceOf, optionalText, portNumber, present, protocol } from './metadata.ts'
import { readEndpoint } from './slice-endpoint.ts'

export const slicePort = z.object({
  name: optionalText,
  port: portNumber.nullish(),
  protocol,
  appProtocol: optionalText,
})

const schema = z.object({
  metadata: metadata.omit({ annotations: true }),
  addressType: z.enum(['IPv4', 'IPv6', 'FQDN']),
  ports: z.array(slicePort).nullish(),
  endpoints: z.array(z.unknown()).nullish(),
})

export function cutSlice({ raw, namespace }: RawObject): Cut {
  return cutWith(schema, raw, ({ metadata, addressType, ports, endpoints }) => {
    const mistakes: Mistake[] = []
    const read = (endpoints ?? []).map((e, at) => readEndpoint(e, addressType, ['endpoints', at], mistakes))
    if (mistakes.length > 0) return { objects: [], mistakes }
    const slice: SliceObject = {
      kind: 'EndpointSlice',
      namespace: namespaceOf(metadata.namespace, namespace),
      name: metadata.name,
      ...present('service', metadata.labels?.['kubernetes.io/service-name']),
      addressType,
      ports: (ports ?? []).map(cutSlicePort).sort(bySlicePort),
      endpoints: read.sort(byAddress),
    }
    return slice
  })
}

export const cutSlicePort = (port: z.infer<typeof slicePort>): SlicePort => ({
  ...present('name', port.name),
  ...present('port', port.port),
  protocol: port.protocol ?? 'TCP',
  ...present('appProtocol', port.appProtocol),
})

export const bySlicePort = (a: SlicePort, b: SlicePort): number =>
  compare(a.name ?? '', b.name ?? '') || (a.port ?? 0) - (b.port ?? 0) || compare(a.protocol, b.protocol)

export const byAddress = (a: SliceEndpoint, b: SliceEndpoint): number =>
  compare(a.addresses[0] ?? '', b.addresses[0] ?? '')
