// Time to live: clients that announce it get TTLs and heartbeats, others never see either (rules 80 to 84).
import type { Resource } from '@fleetcast/shared/resources/resource'
import { VIRTUAL_HOST } from '@fleetcast/shared/resources/types'
import type { Lane } from './lane.ts'
import type { NodeInfo } from './messages.ts'
import { knowsTtl } from './response.ts'
import { ownNonce } from './step.ts'
import type { StreamState } from './stream-state.ts'

/** Rule 81: documents, old documents and gRPC spell them differently. */
const TTL_FEATURES = ['xds.config.supports-resource-ttl', 'envoy.config.supports-resource-ttl']
const WRAPPER_FEATURES = [
  'xds.config.supports-resource-in-sotw',
  'envoy.config.supports-resource-in-sotw',
  'xds.config.resource-in-sotw',
]

export function readFeatures(stream: StreamState, { clientFeatures }: NodeInfo): void {
  stream.knowsTtl ||= TTL_FEATURES.some((feature) => clientFeatures.includes(feature))
  stream.knowsWrapper ||= WRAPPER_FEATURES.some((feature) => clientFeatures.includes(feature))
}

/** Has the lane's next heartbeat timed, where it needs any: at half of the shortest TTL (rule 83). */
export function armHeartbeat(lane: Lane): void {
  const { history, stream, type } = lane
  if (history === undefined || !knowsTtl(lane) || type.url === VIRTUAL_HOST || lane.isBeating) return
  const seconds = Math.min(...beating(lane).map(({ ttlSeconds }) => ttlSeconds ?? Number.POSITIVE_INFINITY))
  if (!Number.isFinite(seconds)) return
  lane.isBeating = true
  stream.effects.wait(`ttl:${type.short}`, (seconds * 1000) / 2)
}

/** Sends the heartbeat of `ttl:<type>`: names and versions without bodies (rule 82), where nothing is outstanding. */
export function heartbeat(stream: StreamState, timer: string): void {
  const lane = stream.lanes.find(({ type }) => timer === `ttl:${type.short}`)
  if (lane === undefined || !lane.isBeating) return
  lane.isBeating = false
  const resources = stream.isHeld || !knowsTtl(lane) ? [] : beating(lane)
  const { history } = lane
  // What is outstanding carries TTLs itself, or is behind a client that does not answer anyway.
  if (history !== undefined && resources.length > 0 && !lane.isAwaiting && lane.step === undefined) {
    const response = {
      variant: stream.variant,
      type: lane.type.url,
      nonce: ownNonce(stream),
      version: history.version(lane.removalsAt),
      resources,
      removed: [],
      bodiless: new Set(resources.map(({ name }) => name)),
      ttl: true,
      ...(stream.variant === 'sotw' ? { wrapped: true } : {}),
    }
    lane.step = { parts: [response], endpoints: [], added: [], isOwn: true }
    lane.stepTo = lane.answeredAt
    lane.part = 0
    lane.nonce = response.nonce
    lane.isAwaiting = true
    armHeartbeat(lane)
    stream.effects.send(response)
  } else armHeartbeat(lane)
}

const beating = (lane: Lane): Resource[] =>
  lane.history === undefined
    ? []
    : [...lane.history.covered(lane.subscription)].filter(({ ttlSeconds }) => ttlSeconds !== undefined)
