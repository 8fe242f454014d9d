// Time to live: clients that announce it get TTLs and heartbeats, others never see either (rules 80 to 84).
import type { Resource } from '@fleetcast/shared/resources/resource'
import { VIRTUAL_HOST } from '@fleetcast/shared/resources/types'
import { hasRefused, isBehind, type Lane } from './lane.ts'
import type { NodeInfo, Response } from './messages.ts'
import { takesTtl, unionOf } from './response.ts'
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

/** Nobody needs to hear more often, however short a TTL was written. */
const BEAT_MS_MIN = 100

/** Has the lane's next heartbeat timed, where it needs any: at half of the type's shortest TTL (rule 83). */
export function armHeartbeat(lane: Lane): void {
  const { history, stream, type } = lane
  if (history === undefined || !takesTtl(stream) || !Number.isFinite(history.ttlSecondsMin)) return
  if (type.url === VIRTUAL_HOST) return
  const beatMs = Math.max(BEAT_MS_MIN, (history.ttlSecondsMin * 1000) / 2)
  if (lane.beatMs > 0 && lane.beatMs <= beatMs) return
  lane.beatMs = beatMs
  stream.effects.wait(`ttl:${type.short}`, beatMs)
}

/** Sends the heartbeat of `ttl:<type>`, where nothing is outstanding. Goes on while the stream is held: it changes nothing. */
export function heartbeat(stream: StreamState, timer: string): void {
  const lane = stream.lanes.find(({ type }) => timer === `ttl:${type.short}`)
  if (lane === undefined || lane.beatMs === 0) return
  lane.beatMs = 0
  // What is outstanding carries TTLs itself, or is behind a client that does not answer anyway.
  const isFree = !lane.isAwaiting && lane.step === undefined && lane.own?.whole !== true
  const response = isFree && takesTtl(stream) ? beatOf(lane) : undefined
  armHeartbeat(lane)
  if (response === undefined) return
  lane.step = { parts: [response], endpoints: [], added: [], isOwn: false }
  lane.stepTo = lane.answeredAt
  lane.part = 0
  lane.nonce = response.nonce
  lane.isAwaiting = true
  stream.effects.send(response)
}

/** Names and versions without bodies (rule 82), of what the client has at this very version; undefined where that is nothing. */
function beatOf(lane: Lane): Response | undefined {
  const { stream, type } = lane
  const isFull = stream.variant === 'sotw' && type.full
  // SotW knows one version for all: it must be the one that was taken, so there is no heartbeat after a refusal.
  if (stream.variant === 'sotw' && (lane.version === '' || hasRefused(lane))) return undefined
  // In a full state absence deletes (rule 35), so what is alive is said with everything beside it, and with bodies.
  if (isFull && isBehind(lane)) return undefined
  const resources = isFull ? unionOf(lane, lane.removalsAt, lane.own) : [...beating(lane)]
  if (!resources.some(({ ttlSeconds }) => ttlSeconds !== undefined)) return undefined
  return {
    variant: stream.variant,
    type: type.url,
    nonce: ownNonce(stream),
    version: lane.version,
    resources,
    removed: [],
    ttl: true,
    ...(isFull ? {} : { bodiless: new Set(resources.map(({ name }) => name)) }),
    ...(stream.variant === 'sotw' ? { wrapped: true } : {}),
  }
}

/** Without a body another version than the client's would be an update to nothing. */
function* beating({ history, group, subscription, own, refused, at }: Lane): Iterable<Resource> {
  if (history === undefined || group === undefined) return
  const missed = at < group.lastTouch ? history.changedSince(at) : undefined
  const isOther = (name: string): boolean =>
    missed?.has(name) === true || own?.due.has(name) === true || own?.asked.has(name) === true
  for (const one of history.covered(subscription))
    if (one.ttlSeconds !== undefined && refused !== 'all' && !refused?.has(one.name) && !isOther(one.name)) yield one
}
