// The frames of responses, encoded once for all streams that are sent the same response. Keeps no response alive, and no
// large frame beyond its writes: what the collector takes is encoded again if somebody asks.
import type { Response } from '../../protocol/messages.ts'
import { encodeResponse } from './encode-response.ts'

export interface EncodedResponses {
  /** The gRPC frame of the response: the same buffer for the same object, never to be changed. */
  frameOf(response: Response): Buffer
}

/** Larger frames are held weakly: whole sets, which are wanted in bursts. */
const heldBytesMax = 16 * 1024

export function createEncodedResponses(): EncodedResponses {
  const small = new WeakMap<Response, Buffer>()
  const large = new WeakMap<Response, WeakRef<Buffer>>()
  return {
    frameOf(response) {
      const known = small.get(response) ?? large.get(response)?.deref()
      if (known !== undefined) return known
      const frame = encodeResponse(response)
      if (frame.length <= heldBytesMax) small.set(response, frame)
      else large.set(response, new WeakRef(frame))
      return frame
    },
  }
}
