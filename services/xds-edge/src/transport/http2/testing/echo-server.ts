// For tests: a server of HTTP/2 that sends each body back as it comes, with trailers at its end.
import { createServer, type Socket } from 'node:net'
import { type Clock, systemClock } from '@fleetcast/shared/runtime/clock'
import { createConnection, type Http2Connection } from '../connection.ts'
import { createFlusher } from '../flusher.ts'
import { encodeFields } from '../header-fields.ts'
import type { Http2Stream } from '../http2-stream.ts'

export interface EchoServer {
  readonly port: number
  readonly connections: Set<Http2Connection>
  /** Streams that were opened and not closed. */
  readonly open: Set<Http2Stream>
  /** Streams of which the end was told. */
  readonly closed: () => number
  /** Of all connections. */
  readonly bytesRead: () => number
  close(): void
}

export interface EchoOptions {
  readonly streamsMax?: number
  readonly clock?: Clock
  /** What it says at the end of a body. */
  readonly greeting?: string
}

const OK = encodeFields([[':status', '200']])
const TRAILERS = encodeFields([['grpc-status', '0']])

export async function echoServer(options: EchoOptions = {}): Promise<EchoServer> {
  const flusher = createFlusher(queueMicrotask)
  const connections = new Set<Http2Connection>()
  const open = new Set<Http2Stream>()
  const sockets: Socket[] = []
  let closed = 0
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.push(socket)
    const connection: Http2Connection = createConnection({
      socket,
      clock: options.clock ?? systemClock,
      schedule: flusher.add,
      onTurn: setImmediate,
      streamsMax: options.streamsMax ?? 100,
      streamsPerSecond: 100,
      onOpened(stream) {
        open.add(stream)
        connection.respond(stream, OK, false)
        connection.accept(stream, {
          data: (bytes) => connection.write(stream, Buffer.from(bytes)),
          finished() {
            if (options.greeting !== undefined) connection.write(stream, Buffer.from(options.greeting))
            connection.end(stream, TRAILERS)
          },
          drained() {},
          ended() {},
          closed: () => void closed++,
        })
      },
      onClosed: (stream) => void open.delete(stream),
      onEnded: () => void connections.delete(connection),
      onFault() {},
    })
    connections.add(connection)
  })
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(address !== null && typeof address === 'object' ? address.port : 0)
    })
  })
  return {
    port,
    connections,
    open,
    closed: () => closed,
    bytesRead: () => sockets.reduce((sum, socket) => sum + socket.bytesRead, 0),
    close() {
      server.close()
      for (const connection of connections) connection.destroy()
    },
  }
}
