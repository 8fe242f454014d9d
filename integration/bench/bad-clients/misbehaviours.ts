// What clients do that no client should, each as long as its signal lets it. They connect as nodes of the fleet that is measured.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { ClientHttp2Session } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { createXdsClient } from '../../harness/xds-client.ts'
import { TYPES } from '../../harness/xds-content.ts'
import { decodeDeltaResponse, encodeDeltaRequest } from '../../harness/xds-wire.ts'
import { NODE_CLUSTER, nameOf } from '../bench-world.ts'
import { openRaw, openSession, type RawStream } from '../raw-stream.ts'

export interface Misbehaviour {
  readonly name: string
  /** It asks for nothing by itself once it stands: what it is sent is what changed. */
  readonly isStanding?: true
  run(server: string, signal: AbortSignal): Promise<void>
}

const STREAMS = 20
const typesToAsk = [TYPES.cluster, TYPES.listener] as const
const nodeOf = (id: string) => ({ id, cluster: NODE_CLUSTER })
const names = (count: number, prefix: string): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i}`)

/** Calls again and again, so many times a second, as exactly as timers can. */
async function repeat(perSecond: number, signal: AbortSignal, run: (n: number) => void): Promise<void> {
  const startedAt = performance.now()
  for (let n = 0; !signal.aborted; await pause(10)) {
    for (const due = ((performance.now() - startedAt) * perSecond) / 1000; n < due && !signal.aborted; n++) run(n)
  }
}

const happened = ({ stream }: RawStream, event: 'data' | 'close'): Promise<void> =>
  new Promise((resolve) => stream.once(event, () => resolve()))

/** One connection for as long as it lasts, then another one. */
function connections(server: string, signal: AbortSignal): () => ClientHttp2Session {
  let session = openSession(server)
  signal.addEventListener('abort', () => session.destroy(), { once: true })
  return () => {
    if (session.destroyed || session.closed) session = openSession(server)
    return session
  }
}

const askForAll = (raw: RawStream, id: string): void => {
  typesToAsk.forEach((type, i) => {
    raw.send(encodeDeltaRequest({ type, subscribe: ['*'], ...(i === 0 ? { node: nodeOf(id) } : {}) }))
  })
  raw.send(encodeDeltaRequest({ type: TYPES.endpoints, subscribe: Array.from({ length: 100 }, (_, i) => nameOf(i)) }))
}

/** Streams that ask for everything like a good client, and what they do with an answer. */
const standing = (name: string, onAnswer: 'not read' | 'ignored' | 'refused'): Misbehaviour => ({
  name,
  isStanding: true,
  async run(server, signal) {
    const sessions = Array.from({ length: 4 }, () => openSession(server))
    for (let i = 0; i < STREAMS; i++) {
      const raw = openRaw(sessions[i % sessions.length] ?? openSession(server))
      if (onAnswer !== 'not read') {
        raw.read((message) => {
          if (onAnswer === 'ignored') return
          const { type, nonce } = decodeDeltaResponse(message)
          raw.send(encodeDeltaRequest({ type, nonce, error: 'this is refused, whatever it is' }))
        })
      }
      askForAll(raw, `${name} ${i}`)
    }
    if (!signal.aborted) await once(signal, 'abort')
    for (const session of sessions) session.destroy()
  },
})

/** One more good client, to compare with: a process more on the same machine costs time too, whatever it does. */
export const GOOD: Misbehaviour = {
  name: 'good',
  async run(server, signal) {
    using client = createXdsClient({ server, variant: 'delta', node: nodeOf('another') })
    await Promise.race([client.ended, signal.aborted || once(signal, 'abort')])
  },
}

export const MISBEHAVIOURS: readonly Misbehaviour[] = [
  {
    name: 'garbage',
    async run(server, signal) {
      const current = connections(server, signal)
      const [host = '', port = ''] = server.split(':')
      await repeat(200, signal, (n) => {
        const raw = openRaw(current())
        if (n % 3 === 0) raw.stream.write(randomBytes(500))
        else raw.send(n % 3 === 1 ? randomBytes(500) : Buffer.alloc(50, 0xff))
        raw.stream.resume()
        if (n % 20 !== 0) return
        const socket = connectTcp(Number(port), host, () => socket.end(randomBytes(200)))
        socket.on('error', () => {}).resume()
      })
    },
  },
  {
    name: 'unknown types',
    async run(server, signal) {
      const raw = openRaw(connections(server, signal)())
      raw.read(() => {})
      await repeat(1000, signal, (n) => {
        const type = `type.googleapis.com/no.such.Type${n}`
        raw.send(encodeDeltaRequest({ type, subscribe: names(10, 'x'), ...(n === 0 ? { node: nodeOf('types') } : {}) }))
      })
    },
  },
  {
    name: 'empty names',
    async run(server, signal) {
      const raw = openRaw(connections(server, signal)())
      raw.read(() => {})
      await repeat(1000, signal, (n) => {
        const type = n % 2 === 0 ? TYPES.endpoints : TYPES.cluster
        raw.send(encodeDeltaRequest({ type, subscribe: ['', '', ''], ...(n === 0 ? { node: nodeOf('empty') } : {}) }))
      })
    },
  },
  {
    name: '50,000 names',
    async run(server, signal) {
      const current = connections(server, signal)
      // All of them again and again; where the stream is ended, on another one.
      for (let n = 0; !signal.aborted; n++) {
        const raw = openRaw(current())
        raw.read((message) => {
          const { type, nonce } = decodeDeltaResponse(message)
          raw.send(encodeDeltaRequest({ type, nonce, subscribe: names(50_000, `name-${n % 2}-`) }))
        })
        const first = { type: TYPES.endpoints, node: nodeOf('names'), subscribe: names(50_000, 'name-') }
        raw.send(encodeDeltaRequest(first))
        await Promise.race([happened(raw, 'close'), once(signal, 'abort')])
      }
    },
  },
  {
    name: 'flood',
    async run(server, signal) {
      const raw = openRaw(connections(server, signal)())
      raw.read((message) => {
        const { type, nonce } = decodeDeltaResponse(message)
        raw.send(encodeDeltaRequest({ type, nonce }))
      })
      await repeat(10_000, signal, (n) => {
        // What the edge does not read stays with the client, which is no endless memory either.
        if (raw.stream.writableLength > 4 * 1024 * 1024) return
        const request = { type: TYPES.endpoints, subscribe: [nameOf(n % 100)] }
        raw.send(encodeDeltaRequest({ ...request, ...(n === 0 ? { node: nodeOf('flood') } : {}) }))
      })
    },
  },
  standing('never reads', 'not read'),
  standing('never ACKs', 'ignored'),
  standing('NACKs everything', 'refused'),
  {
    name: '5,000 streams that leave',
    async run(server, signal) {
      while (!signal.aborted) {
        const sessions = Array.from({ length: 5 }, () => openSession(server))
        const answered = sessions.flatMap((session, s) =>
          Array.from({ length: 1000 }, async (_, i) => {
            const raw = openRaw(session)
            raw.send(encodeDeltaRequest({ type: TYPES.cluster, node: nodeOf(`leaver-${s}-${i}`) }))
            await Promise.race([happened(raw, 'data'), happened(raw, 'close')])
          }),
        )
        // It has no patience with a server that lets thousands in slowly.
        await Promise.race([Promise.all(answered), pause(2000), once(signal, 'abort')])
        for (const session of sessions) session.destroy()
        if (!signal.aborted) await pause(1000)
      }
    },
  },
]
