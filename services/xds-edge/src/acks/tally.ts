// Counts of what streams do, by type: plain numbers, because they change for every response and every ACK. The metrics
// read them when they are asked.
import type { TypeUrl } from '@fleetcast/shared/resources/resource'
import { RESOURCE_TYPES } from '@fleetcast/shared/resources/types'
import type { Metrics } from '@fleetcast/shared/runtime/metrics'
import type { Response } from '../protocol/messages.ts'

export interface Tally {
  opened(variant: string): void
  closed(variant: string): void
  requested(): void
  sent(response: Response, bytes: number): void
  /** `seconds` since the response was sent. */
  acked(type: TypeUrl, seconds: number): void
  nacked(type: TypeUrl): void
  malformed(): void
}

interface TypeCounts {
  responses: number
  resources: number
  removed: number
  bytes: number
  acks: number
  nacks: number
  largestBytes: number
  /** Over what gRPC clients take by default, and nothing that may be split (rule 102). */
  unsplit: number
}

/** gRPC clients refuse larger messages unless told otherwise (rule 102). */
const clientBytesMax = 4 * 1024 * 1024
/** One ACK of so many is timed. */
const timedOf = 64
const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30]

export function createTally(metrics: Metrics): Tally {
  const byType = new Map<TypeUrl, TypeCounts>()
  const shortOf = new Map(RESOURCE_TYPES.map(({ url, short }) => [url, short]))
  const streams = new Map<string, number>()
  let requests = 0
  let malformed = 0
  let acksSeen = 0

  // Clients name the types: those that nobody serves are counted together.
  const countsOf = (asked: TypeUrl): TypeCounts => {
    const type = shortOf.has(asked) ? asked : ''
    const known = byType.get(type)
    if (known) return known
    const counts = { responses: 0, resources: 0, removed: 0, bytes: 0, acks: 0, nacks: 0, largestBytes: 0, unsplit: 0 }
    byType.set(type, counts)
    return counts
  }
  const perType = (name: string, help: string, field: keyof TypeCounts): void => {
    metrics.counter(`fleetcast_edge_${name}`, help, ['type'], (counter) => {
      counter.reset()
      for (const [type, counts] of byType) counter.inc({ type: shortOf.get(type) ?? 'other' }, counts[field])
    })
  }
  perType('responses_total', 'Responses sent.', 'responses')
  perType('resources_total', 'Resources sent in responses.', 'resources')
  perType('removed_resources_total', 'Names sent as removed.', 'removed')
  perType('response_bytes_total', 'Bytes of responses sent.', 'bytes')
  perType('acks_total', 'Responses that clients took.', 'acks')
  perType('nacks_total', 'Responses that clients refused.', 'nacks')
  perType('unsplit_responses_total', 'Responses over 4 MiB that the protocol lets nobody split.', 'unsplit')
  metrics.gauge('fleetcast_edge_largest_response_bytes', 'The largest response so far.', ['type'], (gauge) => {
    for (const [type, { largestBytes }] of byType) gauge.set({ type: shortOf.get(type) ?? 'other' }, largestBytes)
  })
  metrics.gauge('fleetcast_edge_streams', 'Open streams.', ['variant'], (gauge) => {
    for (const [variant, count] of streams) gauge.set({ variant }, count)
  })
  metrics.counter('fleetcast_edge_requests_total', 'Requests read.', [], (counter) => {
    counter.reset()
    counter.inc(requests)
  })
  metrics.counter('fleetcast_edge_malformed_requests_total', 'Requests that were no protobuf.', [], (counter) => {
    counter.reset()
    counter.inc(malformed)
  })
  const ackSeconds = metrics.histogram(
    'fleetcast_edge_ack_seconds',
    `From sending a response to its ACK; one of ${timedOf} is timed.`,
    secondsBuckets,
    ['type'],
  )

  return {
    opened: (variant) => void streams.set(variant, (streams.get(variant) ?? 0) + 1),
    closed: (variant) => void streams.set(variant, (streams.get(variant) ?? 0) - 1),
    requested() {
      requests++
    },
    sent(response, bytes) {
      const counts = countsOf(response.type)
      counts.responses++
      counts.resources += response.resources.length
      counts.removed += response.removed.length
      counts.bytes += bytes
      if (bytes > counts.largestBytes) counts.largestBytes = bytes
      if (bytes > clientBytesMax) counts.unsplit++
    },
    acked(type, seconds) {
      countsOf(type).acks++
      if (acksSeen++ % timedOf === 0) ackSeconds.observe({ type: shortOf.get(type) ?? 'other' }, seconds)
    },
    nacked(type) {
      countsOf(type).nacks++
    },
    malformed() {
      malformed++
    },
  }
}
