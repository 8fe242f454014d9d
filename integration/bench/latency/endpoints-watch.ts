// A bare xDS client of endpoints: HTTP/2 and nothing else, so that what it measures is the server. Delta ADS; it ACKs what it gets.
import { TYPES } from '../../harness/xds-content.ts'
import { decodeDeltaResponse, encodeDeltaRequest } from '../../harness/xds-wire.ts'
import { openRaw, openSession } from '../raw-stream.ts'
import type { Arrival } from './arrivals-thread.ts'
import { monotonicMs } from './monotonic.ts'

/** No digit follows an address in an assignment: the tag of the next field does. */
const MARKER = /10\.25\d\.\d+\.\d+/g

/** Tells of each response, also of one that marks nothing. */
export function watchEndpoints(
  server: string,
  cluster: string,
  names: readonly string[],
  tell: (arrivals: readonly Arrival[]) => void,
): void {
  const { read, send } = openRaw(openSession(server))
  read((message) => {
    const atMs = monotonicMs()
    const { type, nonce } = decodeDeltaResponse(message)
    send(encodeDeltaRequest({ type, nonce }))
    tell(Array.from(message.toString('latin1').matchAll(MARKER), ([marker]) => [marker, atMs]))
  })
  send(encodeDeltaRequest({ type: TYPES.endpoints, node: { id: 'bench', cluster }, subscribe: names }))
}
