// Service: ports, families and the labels and annotations that mean something here. Status and the rest are dropped.
import { isIPv6 } from 'node:net'
import type { ServiceObject, ServicePort } from '@fleetcast/shared/objects/object'
import { z } from 'zod'
import { type Cut, cutWith, type RawObject } from './cut.ts'
import { compare, metadata, namespaceOf, optionalText, portNumber, present, protocol, sorted } from './metadata.ts'

const schema = z.object({
  metadata,
  spec: z
    .object({
      type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName']).nullish(),
      clusterIP: optionalText,
      clusterIPs: z.array(z.string()).nullish(),
      externalName: optionalText,
      ipFamilies: z.array(z.enum(['IPv4', 'IPv6'])).nullish(),
      ports: z
        .array(
          z.object({
            name: optionalText,
            port: portNumber,
            targetPort: z.union([z.int().min(0).max(65535), z.string()]).nullish(),
            protocol,
            appProtocol: optionalText,
          }),
        )
        .nullish(),
    })
    .nullish(),
})

export function cutService({ raw, namespace }: RawObject): Cut {
  return cutWith(schema, raw, ({ metadata, spec }): ServiceObject => {
    const ips = spec?.clusterIPs ?? (spec?.clusterIP ? [spec.clusterIP] : [])
    const clusterIPs = ips.filter((ip) => ip !== 'None' && ip !== '')
    return {
      kind: 'Service',
      namespace: namespaceOf(metadata.namespace, namespace),
      name: metadata.name,
      labels: sorted(metadata.labels),
      annotations: meaningful(metadata.annotations),
      type: spec?.type ?? 'ClusterIP',
      headless: ips.includes('None'),
      clusterIPs,
      ...present('externalName', spec?.externalName),
      ipFamilies: spec?.ipFamilies ?? [...new Set(clusterIPs.map((ip) => (isIPv6(ip) ? 'IPv6' : 'IPv4')))],
      ports: (spec?.ports ?? []).map(cutPort).sort(byPort),
    }
  })
}

type RawPort = NonNullable<NonNullable<z.infer<typeof schema>['spec']>['ports']>[number]

function cutPort(port: RawPort): ServicePort {
  // 0 and the empty text are how Kubernetes writes "equal to port".
  const targetPort = port.targetPort === 0 ? undefined : port.targetPort
  return {
    ...present('name', port.name),
    port: port.port,
    ...present('targetPort', targetPort),
    protocol: port.protocol ?? 'TCP',
    ...present('appProtocol', port.appProtocol),
  }
}

const byPort = (a: ServicePort, b: ServicePort): number =>
  compare(a.name ?? '', b.name ?? '') || a.port - b.port || compare(a.protocol, b.protocol)

/** Others' annotations (last-applied configuration, controllers' notes) would make every touch a change. */
function meaningful(annotations: Readonly<Record<string, string>> | null | undefined): ServiceObject['annotations'] {
  if (!annotations) return {}
  const own = Object.entries(annotations).filter(([k]) => k === 'kubenvoy.Cluster' || k.startsWith('fleetcast.dev/'))
  return sorted(Object.fromEntries(own))
}
