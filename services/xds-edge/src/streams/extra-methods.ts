// What an edge answers by gRPC beside discovery: health, reflection, the status of clients, their load reports.
import type { DescriptorFiles } from '@fleetcast/shared/envoy/descriptor-files'
import type { Clock } from '@fleetcast/shared/runtime/clock'
import type { Metrics } from '@fleetcast/shared/runtime/metrics'
import type { Method } from '../transport/grpc/call.ts'
import { createHealth, HEALTH_SERVICE, type Health } from '../transport/grpc/health.ts'
import { createReflection } from '../transport/grpc/reflection.ts'
import { type ClientStatusOptions, createClientStatus } from './client-status.ts'
import { createLoadReports, type LoadReportsOptions } from './load-reports.ts'
import type { XdsStreams } from './xds-streams.ts'

export interface ExtraMethodsOptions {
  readonly streams: XdsStreams
  readonly metrics: Metrics
  readonly clock: Clock
  readonly mayKnow: ClientStatusOptions['mayKnow']
  readonly assign: LoadReportsOptions['assign']
  readonly isServing: () => boolean
}

export interface ExtraMethods {
  readonly methods: readonly Method[]
  readonly health: Health
}

export function createExtraMethods({
  streams,
  metrics,
  clock,
  assign,
  mayKnow,
  isServing,
}: ExtraMethodsOptions): ExtraMethods {
  const own = [
    ...createClientStatus({ clock, mayKnow, sessions: () => streams.sessions }),
    createLoadReports({ metrics, assign }),
  ]
  const services = [...new Set([...streams.methods, ...own].map(serviceOf)), HEALTH_SERVICE]
  const health = createHealth(new Set(services), isServing)
  return {
    health,
    methods: [...own, ...health.methods, ...createReflection({ services, files: loadDescriptors() })],
  }
}

const serviceOf = ({ path }: Method): string => path.slice(1, path.lastIndexOf('/'))

/** Once, and only for who asks: they cost 100 ms and 8 MB. */
function loadDescriptors(): () => Promise<DescriptorFiles> {
  let loading: Promise<DescriptorFiles> | undefined
  const load = async (): Promise<DescriptorFiles> => {
    const { createEnvoyTypes } = await import('@fleetcast/shared/envoy/types')
    const { createDescriptorFiles } = await import('@fleetcast/shared/envoy/descriptor-files')
    return createDescriptorFiles(createEnvoyTypes())
  }
  return () => {
    loading ??= load()
    return loading
  }
}
