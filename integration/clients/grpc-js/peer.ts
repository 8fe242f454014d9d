// An application as gRPC for Node makes it, with nothing of this project in it: the same commands and the same output as
// its brother in Go (../go/main.go). Run as a process of its own, for the library reads its bootstrap once.
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import {
  Client,
  credentials,
  type handleUnaryCall,
  type MethodDefinition,
  ServerCredentials,
  type ServiceError,
} from '@grpc/grpc-js'
// The package has one CommonJS module, whose names Node can't tell.
import xds from '@grpc/grpc-js-xds'
import { WHERE } from './where.ts'

const PAUSE_MS = 10
const TIMEOUT_MS = 15_000

const say = (event: object): void => console.log(JSON.stringify(event))

function follow(target: string): () => void {
  const client = new Client(target, credentials.createInsecure())
  const { path, requestSerialize, responseDeserialize } = WHERE.ask
  let isLeft = false
  const ask = () =>
    new Promise<object>((resolve) => {
      const answered = (error: ServiceError | null, from?: string): void =>
        resolve(error ? { error: error.message } : { from })
      const deadline = Date.now() + TIMEOUT_MS
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, Buffer.of(), { deadline }, answered)
    })
  const run = async (): Promise<void> => {
    while (!isLeft) {
      say({ target, ...(await ask()) })
      await pause(PAUSE_MS)
    }
    client.close()
  }
  void run()
  return () => {
    isLeft = true
  }
}

function serve(address: string): void {
  const server = new xds.XdsServer()
  const answer: handleUnaryCall<Buffer, string> = (_, callback) => callback(null, address)
  const definition: Record<string, MethodDefinition<Buffer, string>> = WHERE
  server.addService(definition, { ask: answer })
  server.bindAsync(address, ServerCredentials.createInsecure(), (error) =>
    say({ serves: address, ...(error ? { error: error.message } : { mode: 'serving' }) }),
  )
}

xds.register()
const left = new Map<string, () => void>()
for await (const line of createInterface({ input: process.stdin })) {
  const [command = '', argument = ''] = line.split(' ')
  if (command === 'follow') left.set(argument, follow(argument))
  else if (command === 'leave') left.get(argument)?.()
  else if (command === 'serve') serve(argument)
  else say({ error: `unknown command ${command}` })
}
