// All xDS streams of an edge: one rpc for ADS and for each type, in both variants, and what they share. Decides nothing
// about protocol, and one stream's input never touches another's.
import { RESOURCE_TYPES } from '@fleetcast/shared/resources/types'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import { createNackLog } from '../acks/nack-log.ts'
import { createSubscriptions } from '../sets/subscription.ts'
import { createRequestDecoder } from '../transport/codec/decode-request.ts'
import { createEncodedResponses } from '../transport/codec/encoded-responses.ts'
import type { Method } from '../transport/grpc/call.ts'
import { assignFleetTo, type Kind, Session, type StreamDeps } from './xds-stream.ts'

export interface XdsStreams {
  readonly methods: readonly Method[]
  /** The directory changed: gives every node the fleet that it may have now. */
  reassign(): void
  /** All open streams. */
  readonly sessions: ReadonlySet<Session>
}

export interface XdsStreamsOptions
  extends Omit<StreamDeps, 'decoder' | 'encoded' | 'nacks' | 'subscriptions' | 'sessions' | 'warnOnce'> {
  readonly logger: Logger
}

const ADS = '/envoy.service.discovery.v3.AggregatedDiscoveryService'
const warningsMax = 1000

/** Rule 1: ADS and a stream of its own for each type, state of the world and delta. */
function kinds(): ReadonlyMap<string, Kind> {
  const all = new Map<string, Kind>([
    [`${ADS}/StreamAggregatedResources`, { variant: 'sotw', aggregated: true }],
    [`${ADS}/DeltaAggregatedResources`, { variant: 'delta', aggregated: true }],
  ])
  for (const { url, service, stream, delta } of RESOURCE_TYPES) {
    const path = `/envoy.service.${service}`
    if (stream) all.set(`${path}/${stream}`, { variant: 'sotw', aggregated: false, type: url })
    all.set(`${path}/${delta}`, { variant: 'delta', aggregated: false, type: url })
  }
  return all
}

export function createXdsStreams(options: XdsStreamsOptions): XdsStreams {
  const warned = new Set<string>()
  const sessions = new Set<Session>()
  const deps: StreamDeps = {
    ...options,
    decoder: createRequestDecoder(options.nameLimits),
    nacks: createNackLog(options),
    encoded: createEncodedResponses(),
    subscriptions: createSubscriptions(),
    sessions,
    warnOnce(warning) {
      if (warned.has(warning) || warned.size >= warningsMax) return
      warned.add(warning)
      options.logger.warn({}, warning)
    },
  }
  return {
    methods: [...kinds()].map(([path, kind]) => ({ path, open: (outlet) => new Session(kind, outlet, deps) })),
    reassign() {
      for (const session of [...sessions]) assignFleetTo(session, deps)
    },
    sessions,
  }
}
