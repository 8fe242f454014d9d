// A gRPC stream made of nothing but HTTP/2, so that a client can do what a gRPC library would not: write garbage, never read,
// write without end. Whatever happens to it is no error: that is what it is for.
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'

export const ADS = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources'

export interface RawStream {
  readonly stream: ClientHttp2Stream
  /** One message in its gRPC frame. False while what was written waits: the other side does not read. */
  send(message: Uint8Array): boolean
  /** From now on it reads, and calls back with each message. */
  read(onMessage: (message: Buffer) => void): void
}

export function openSession(server: string): ClientHttp2Session {
  const session = connect(`http://${server}`)
  session.on('error', () => {})
  return session
}

export function openRaw(session: ClientHttp2Session, path = ADS): RawStream {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  stream.on('error', () => {})
  return {
    stream,
    send(message) {
      if (stream.destroyed || stream.closed || stream.writableEnded) return false
      return stream.write(frameOf(message))
    },
    read(onMessage) {
      let held: Buffer = Buffer.alloc(0)
      stream.on('data', (chunk: Buffer) => {
        held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
        while (held.length >= 5 && held.length >= 5 + held.readUInt32BE(1)) {
          const end = 5 + held.readUInt32BE(1)
          onMessage(held.subarray(5, end))
          held = held.subarray(end)
        }
      })
    },
  }
}

function frameOf(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}
