// A bare xDS client of endpoints: HTTP/2 and nothing else, so that what it measures is the server. Delta ADS; it ACKs what it gets.
import { TYPES } from '../harness/xds-content.ts'
import { decodeDeltaResponse, encodeDeltaRequest } from '../harness/xds-wire.ts'
import { openRaw, openSession } from './raw-stream.ts'

export interface EndpointsWatch {
  /** By marker address (10.25x.y.z): performance.now() when the client had it. */
  readonly seen: ReadonlyMap<string, number>
  stop(): void
}

/** No digit follows an address in an assignment: the tag of the next field does. */
const MARKER = /10\.25\d\.\d+\.\d+/g

export function watchEndpoints(server: string, cluster: string, names: readonly string[]): EndpointsWatch {
  const session = openSession(server)
  const { read, send } = openRaw(session)
  const seen = new Map<string, number>()
  read((message) => {
    const atMs = performance.now()
    const { type, nonce } = decodeDeltaResponse(message)
    send(encodeDeltaRequest({ type, nonce }))
    for (const [marker] of message.toString('latin1').matchAll(MARKER)) {
      if (!seen.has(marker)) seen.set(marker, atMs)
    }
  })
  send(encodeDeltaRequest({ type: TYPES.endpoints, node: { id: 'bench', cluster }, subscribe: names }))
  return { seen, stop: () => session.destroy() }
}
