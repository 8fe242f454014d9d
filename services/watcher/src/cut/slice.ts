// EndpointSlice: the hot kind, one event for each Pod that comes, goes or changes its readiness.
import { isIPv4, isIPv6 } from 'node:net'
import type { SliceEndpoint, SliceObject, SlicePort } from '@fleetcast/shared/objects/object'
import { z } from 'zod'
import { type Cut, cutWith, mistaken, type RawObject } from './cut.ts'
import { compare, metadata, namespaceOf, optionalText, portNumber, present, protocol, texts } from './metadata.ts'

export const targetRef = z
  .object({ kind: optionalText, namespace: optionalText, name: optionalText, uid: optionalText })
  .nullish()

export const slicePort = z.object({
  name: optionalText,
  port: portNumber.nullish(),
  protocol,
  appProtocol: optionalText,
})

const flag = z.boolean().nullish()

const endpoint = z.object({
  addresses: z.array(z.string().min(1)).min(1, 'has no address'),
  conditions: z.object({ ready: flag, serving: flag, terminating: flag }).nullish(),
  nodeName: optionalText,
  zone: optionalText,
  hostname: optionalText,
  targetRef,
  /** Where v1beta1 has the zone and the node. */
  topology: texts,
})

const schema = z.object({
  metadata,
  addressType: z.enum(['IPv4', 'IPv6', 'FQDN']),
  ports: z.array(slicePort).nullish(),
  endpoints: z.array(endpoint).nullish(),
})

export function cutSlice({ raw, namespace }: RawObject): Cut {
  return cutWith(schema, raw, ({ metadata, addressType, ports, endpoints }) => {
    const stray = strayAddress(addressType, endpoints ?? [])
    if (stray) return mistaken('field', `is no ${addressType} address`, ['endpoints', stray.at, 'addresses'])
    const slice: SliceObject = {
      kind: 'EndpointSlice',
      namespace: namespaceOf(metadata.namespace, namespace),
      name: metadata.name,
      ...present('service', metadata.labels?.['kubernetes.io/service-name']),
      addressType,
      ports: (ports ?? []).map(cutSlicePort).sort(bySlicePort),
      endpoints: (endpoints ?? []).map(cutEndpoint).sort(byAddress),
    }
    return slice
  })
}

type RawEndpoint = z.infer<typeof endpoint>

/** An address that Envoy would refuse must not reach one: it would take the whole assignment with it. */
function strayAddress(type: SliceObject['addressType'], endpoints: readonly RawEndpoint[]): { at: number } | undefined {
  if (type === 'FQDN') return undefined
  const fits = type === 'IPv4' ? isIPv4 : isIPv6
  const at = endpoints.findIndex(({ addresses }) => !addresses.every(fits))
  return at < 0 ? undefined : { at }
}

export const cutSlicePort = (port: z.infer<typeof slicePort>): SlicePort => ({
  ...present('name', port.name),
  ...present('port', port.port),
  protocol: port.protocol ?? 'TCP',
  ...present('appProtocol', port.appProtocol),
})

export const bySlicePort = (a: SlicePort, b: SlicePort): number =>
  compare(a.name ?? '', b.name ?? '') || (a.port ?? 0) - (b.port ?? 0) || compare(a.protocol, b.protocol)

function cutEndpoint(raw: RawEndpoint): SliceEndpoint {
  const ready = raw.conditions?.ready ?? true
  return {
    addresses: raw.addresses,
    ready,
    serving: raw.conditions?.serving ?? ready,
    terminating: raw.conditions?.terminating ?? false,
    ...present('nodeName', raw.nodeName ?? raw.topology?.['kubernetes.io/hostname']),
    ...present('zone', raw.zone ?? raw.topology?.['topology.kubernetes.io/zone']),
    ...present('hostname', raw.hostname),
    ...present('target', targetOf(raw.targetRef)),
  }
}

export function targetOf(target: z.infer<typeof targetRef>): string | undefined {
  if (!target) return undefined
  if (target.name) return `${target.kind ?? ''}/${target.namespace ?? ''}/${target.name}`
  return target.uid ?? undefined
}

export const byAddress = (a: SliceEndpoint, b: SliceEndpoint): number =>
  compare(a.addresses[0] ?? '', b.addresses[0] ?? '')
