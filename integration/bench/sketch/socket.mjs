// The sketch over a bare socket: as much HTTP/2 as one gRPC client needs, written by hand. It obeys no flow control and
// reads no header: what node:http2 costs beside it is what a full implementation costs. usage: node socket.mjs PORT
import net from 'node:net'
import { control, createStream } from './core.mjs'

const FRAME = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, window: 8 }
const PREFACE_BYTES = 24
const HEAD_BYTES = 9
/** As node:http2 is told to: large windows, many streams. */
const WINDOW_BYTES = 1 << 24

function head(length, type, flags, id) {
  const out = Buffer.alloc(HEAD_BYTES)
  out.writeUIntBE(length, 0, 3)
  out[3] = type
  out[4] = flags
  out.writeUInt32BE(id, 5)
  return out
}
const number = (value) => {
  const out = Buffer.alloc(4)
  out.writeUInt32BE(value)
  return out
}
const window = (id) => Buffer.concat([head(4, FRAME.window, 0, id), number(WINDOW_BYTES)])
/** Initial window size (4) and streams at most (3). */
const settings = Buffer.concat([
  head(12, FRAME.settings, 0, 0),
  Buffer.from([0, 4]),
  number(WINDOW_BYTES),
  Buffer.from([0, 3]),
  number(100_000),
])
/** :status 200, content-type application/grpc, neither compressed. */
const type = Buffer.from('application/grpc')
const answer = Buffer.concat([Buffer.from([0x88, 0x0f, 0x10, type.length]), type])

/** gRPC's frame of a message; the last one is kept, because the next stream is sent the same. */
let last
function framed(bytes) {
  if (last?.bytes === bytes) return last.frame
  const frame = Buffer.concat([Buffer.from([0]), number(bytes.length), bytes])
  last = { bytes, frame }
  return frame
}

function serve(socket) {
  const streams = new Map()
  let rest = Buffer.alloc(0)
  let out = []
  let isPreface = true
  let unacknowledged = 0
  const write = (...parts) => {
    if (out.length === 0) setImmediate(flush)
    out.push(...parts)
  }
  const flush = () => {
    if (!socket.destroyed) socket.write(Buffer.concat(out))
    out = []
  }
  const open = (id) => {
    write(head(answer.length, FRAME.headers, 4, id), answer)
    const send = (bytes) => {
      const frame = framed(bytes)
      for (let at = 0; at < frame.length; at += 16_384) {
        const part = frame.subarray(at, at + 16_384)
        write(head(part.length, FRAME.data, 0, id), part)
      }
    }
    streams.set(id, { stream: createStream(send), rest: Buffer.alloc(0) })
  }
  const data = (entry, chunk) => {
    entry.rest = entry.rest.length > 0 ? Buffer.concat([entry.rest, chunk]) : chunk
    while (entry.rest.length >= 5) {
      const end = 5 + entry.rest.readUInt32BE(1)
      if (entry.rest.length < end) break
      entry.stream.request(entry.rest.subarray(5, end))
      entry.rest = entry.rest.subarray(end)
    }
    unacknowledged += chunk.length
    if (unacknowledged < WINDOW_BYTES / 2) return
    unacknowledged = 0
    write(window(0))
  }
  const take = (kind, flags, id, body) => {
    if (kind === FRAME.settings && (flags & 1) === 0) write(head(0, FRAME.settings, 1, 0))
    else if (kind === FRAME.ping && (flags & 1) === 0) write(head(8, FRAME.ping, 1, 0), Buffer.from(body))
    else if (kind === FRAME.headers) open(id)
    else if (kind === FRAME.data && streams.has(id)) data(streams.get(id), body)
    else if (kind === FRAME.reset) close(id)
  }
  const close = (id) => {
    streams.get(id)?.stream.close()
    streams.delete(id)
  }
  write(settings, window(0))
  socket.setNoDelay(true)
  socket.on('error', () => {})
  socket.on('close', () => [...streams.keys()].forEach(close))
  socket.on('data', (chunk) => {
    rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    let at = 0
    if (isPreface) {
      if (rest.length < PREFACE_BYTES) return
      isPreface = false
      at = PREFACE_BYTES
    }
    while (rest.length - at >= HEAD_BYTES) {
      const end = at + HEAD_BYTES + rest.readUIntBE(at, 3)
      if (rest.length < end) break
      take(rest[at + 3], rest[at + 4], rest.readUInt32BE(at + 5) & 0x7fffffff, rest.subarray(at + HEAD_BYTES, end))
      at = end
    }
    rest = rest.subarray(at)
  })
}

const port = Number(process.argv[2])
net.createServer(serve).listen({ port, host: '127.0.0.1', backlog: 4096 }, () => control(port + 1))
