// Rpcs other than xDS streams, as methods of the server: one question and one answer, or an answer to each message.
import type { Method, Outlet, Peer, StatusName } from './call.ts'

export interface Refusal {
  readonly status: StatusName
  readonly message: string
}

/** A gRPC frame, several, or why there is none. */
export type Reply = Buffer | readonly Buffer[] | Refusal

/** The question of a unary rpc: its first message. */
export const unary = (path: string, reply: (bytes: Buffer, peer: Peer) => Reply): Method => ({
  path,
  open(outlet) {
    let isAnswered = false
    return {
      message(bytes) {
        if (isAnswered) return
        isAnswered = true
        if (send(outlet, reply(bytes, outlet.peer))) outlet.end('OK', '')
      },
      finished() {
        if (!isAnswered) outlet.end('INTERNAL', 'there was no question')
      },
      closed() {},
    }
  },
})

/** An answer to every message of a stream, which the client ends. */
export const conversation = (path: string, open: () => (bytes: Buffer, peer: Peer) => Reply): Method => ({
  path,
  open(outlet) {
    const reply = open()
    return {
      message: (bytes) => void send(outlet, reply(bytes, outlet.peer)),
      finished: () => outlet.end('OK', ''),
      closed() {},
    }
  },
})

function send(outlet: Outlet, reply: Reply): boolean {
  if ('status' in reply) {
    outlet.end(reply.status, reply.message)
    return false
  }
  for (const frame of Buffer.isBuffer(reply) ? [reply] : reply) outlet.write(frame)
  return true
}

export const notReadable: Refusal = { status: 'INVALID_ARGUMENT', message: 'the message is not what this rpc takes' }
