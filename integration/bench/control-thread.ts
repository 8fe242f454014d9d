// What the thread of the control address runs: HTTP on one side, messages to who holds the world on the other. The first message
// says that the address is open.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { parentPort, workerData } from 'node:worker_threads'
import { type BenchChange, type BenchSize, isChangeOf } from './bench-world.ts'
import { collectGarbage } from './collect-garbage.ts'
import type { Answer, ControlThreadData, Question } from './control.ts'
import { untilServed } from './served.ts'

const { control, listen } = workerData as ControlThreadData
const waiting = new Map<number, PromiseWithResolvers<unknown>>()
let size: BenchSize = { clusters: 0, endpoints: 0 }
let lastId = 0

const tell = (question: Question): void => parentPort?.postMessage(question)

function ask(question: { readonly ask: 'digest' | 'collect' } | { readonly ask: 'reset'; readonly size: BenchSize }) {
  const id = ++lastId
  const answer = Promise.withResolvers<unknown>()
  waiting.set(id, answer)
  tell({ ...question, id })
  return answer.promise
}

parentPort?.on('message', ({ id, value, error }: Answer) => {
  const answer = waiting.get(id)
  waiting.delete(id)
  if (error === undefined) answer?.resolve(value)
  else answer?.reject(new Error(error))
})

type Reply = readonly [status: number, body: unknown]

async function replyTo(request: string, body: string): Promise<Reply> {
  switch (request) {
    case 'POST /reset':
      return reset(JSON.parse(body) as BenchSize)
    case 'POST /change': {
      const change = JSON.parse(body) as BenchChange
      if (!isChangeOf(size, change)) return [400, 'no such kind, or no such index']
      tell({ ask: 'change', change })
      return [200, {}]
    }
    case 'GET /digest': {
      const digests = await ask({ ask: 'digest' })
      return digests ? [200, digests] : [404, 'no digest']
    }
    case 'POST /collect':
      collectGarbage()
      await ask({ ask: 'collect' })
      return [200, {}]
    default:
      return [404, 'POST /reset, POST /change, GET /digest, POST /collect']
  }
}

async function reset(wanted: BenchSize): Promise<Reply> {
  if (!Number.isInteger(wanted.clusters) || !Number.isInteger(wanted.endpoints)) return [400, 'clusters, endpoints']
  size = wanted
  await ask({ ask: 'reset', size })
  await untilServed(listen, size)
  return [200, {}]
}

const server = createServer((request, response) => {
  const send = ([status, body]: Reply): void => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(`${JSON.stringify(body)}\n`)
  }
  text(request)
    .then((body) => replyTo(`${request.method} ${request.url}`, body))
    .then(send, (error: unknown) => send([500, String(error)]))
})
server.listen(control.port, control.host)
await once(server, 'listening')
parentPort?.postMessage('open')
