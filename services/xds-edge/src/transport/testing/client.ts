// For tests: an xDS client of grpc-js over real sockets, with envelopes written and read by the simplest means. Does not
// answer by itself: a test says what a client does.
import { Client, type ClientDuplexStream, credentials, Metadata, type StatusObject } from '@grpc/grpc-js'

export type { Client }

export interface WireResponse {
  readonly version: string
  readonly type: string
  readonly nonce: string
  /** Names for delta, nothing for the state of the world. */
  readonly names: readonly string[]
  readonly values: readonly Buffer[]
  readonly removed: readonly string[]
}

export interface TestStream {
  readonly call: ClientDuplexStream<Buffer, Buffer>
  readonly responses: WireResponse[]
  readonly ended: Promise<StatusObject>
  /** The next response that no earlier call was given. */
  next(): Promise<WireResponse>
  send(request: Buffer): void
}

/** One field of protobuf: text or bytes as length-delimited, a number as a varint. */
export function field(number: number, value: string | Uint8Array | number): Buffer {
  if (typeof value === 'number') return Buffer.concat([varint(number << 3), varint(value)])
  const bytes = Buffer.from(value)
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes])
}

function varint(value: number): Buffer {
  const out: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) out.push((rest & 127) | 128)
  return Buffer.from([...out, rest])
}

export interface Ask {
  readonly type?: string
  readonly node?: { readonly id: string; readonly cluster: string }
  readonly nonce?: string
  readonly error?: string
  readonly version?: string
  /** resource_names, or resource_names_subscribe. */
  readonly names?: readonly string[]
  readonly unsubscribe?: readonly string[]
  readonly initial?: Readonly<Record<string, string>>
}

const nodeOf = ({ node }: Ask): Buffer =>
  node ? Buffer.concat([field(1, node.id), field(2, node.cluster)]) : Buffer.alloc(0)
const optional = (number: number, value: string | undefined): Buffer =>
  value === undefined || value === '' ? Buffer.alloc(0) : field(number, value)
const status = (text: string): Buffer => Buffer.concat([field(1, 3), field(2, text)])

export const sotwRequest = (ask: Ask): Buffer =>
  Buffer.concat([
    optional(1, ask.version),
    ...(ask.node ? [field(2, nodeOf(ask))] : []),
    ...(ask.names ?? []).map((name) => field(3, name)),
    optional(4, ask.type),
    optional(5, ask.nonce),
    ...(ask.error === undefined ? [] : [field(6, status(ask.error))]),
  ])

export const deltaRequest = (ask: Ask): Buffer =>
  Buffer.concat([
    ...(ask.node ? [field(1, nodeOf(ask))] : []),
    optional(2, ask.type),
    ...(ask.names ?? []).map((name) => field(3, name)),
    ...(ask.unsubscribe ?? []).map((name) => field(4, name)),
    ...Object.entries(ask.initial ?? {}).map(([name, version]) =>
      field(5, Buffer.concat([field(1, name), field(2, version)])),
    ),
    optional(6, ask.nonce),
    ...(ask.error === undefined ? [] : [field(7, status(ask.error))]),
  ])

/** All length-delimited fields, by number; the others are of no interest here. */
export function fieldsOf(bytes: Buffer): { number: number; value: Buffer }[] {
  const fields: { number: number; value: Buffer }[] = []
  let at = 0
  const read = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] as number
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const tag = read()
    const length = read()
    if ((tag & 7) !== 2) continue
    fields.push({ number: tag >>> 3, value: bytes.subarray(at, at + length) })
    at += length
  }
  return fields
}

const text = (fields: { number: number; value: Buffer }[], number: number): string =>
  fields.find((f) => f.number === number)?.value.toString() ?? ''

export function readResponse(bytes: Buffer, variant: 'sotw' | 'delta'): WireResponse {
  const fields = fieldsOf(bytes)
  const resources = fields.filter((f) => f.number === 2).map((f) => fieldsOf(f.value))
  const anyOf = (r: { number: number; value: Buffer }[]) =>
    variant === 'sotw' ? r : fieldsOf(r.find((f) => f.number === 2)?.value ?? Buffer.alloc(0))
  return {
    version: text(fields, 1),
    type: text(fields, 4),
    nonce: text(fields, 5),
    names: variant === 'delta' ? resources.map((r) => text(r, 3)) : [],
    values: resources.map((r) => anyOf(r).find((f) => f.number === 2)?.value ?? Buffer.alloc(0)),
    removed: fields.filter((f) => f.number === 6 && variant === 'delta').map((f) => f.value.toString()),
  }
}

const same = (bytes: Buffer): Buffer => bytes

export const connectTo = (port: number): Client =>
  new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 })

/** `identity`: what the client shows of itself. */
export const connectSecurely = (
  port: number,
  authority: string,
  identity?: { readonly cert: string; readonly key: string },
): Client => {
  const [cert, key] = identity === undefined ? [null, null] : [Buffer.from(identity.cert), Buffer.from(identity.key)]
  return new Client(`127.0.0.1:${port}`, credentials.createSsl(Buffer.from(authority), key, cert), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.ssl_target_name_override': 'edge.test',
  })
}

export const ADS = '/envoy.service.discovery.v3.AggregatedDiscoveryService'

export function openStream(client: Client, variant: 'sotw' | 'delta', path?: string): TestStream {
  const method = path ?? `${ADS}/${variant === 'sotw' ? 'StreamAggregatedResources' : 'DeltaAggregatedResources'}`
  const call = client.makeBidiStreamRequest(method, same, same, new Metadata(), {})
  const responses: WireResponse[] = []
  const waiting: ((response: WireResponse) => void)[] = []
  let given = 0
  const hand = (): void => {
    for (let one = responses[given]; one !== undefined && waiting.length > 0; one = responses[given]) {
      given++
      waiting.shift()?.(one)
    }
  }
  call.on('error', () => {})
  call.on('data', (bytes: Buffer) => {
    responses.push(readResponse(bytes, variant))
    hand()
  })
  return {
    call,
    responses,
    ended: new Promise((resolve) => call.on('status', resolve)),
    next: () =>
      new Promise((resolve) => {
        waiting.push(resolve)
        hand()
      }),
    send: (request) => void call.write(request),
  }
}

export interface Talk {
  readonly call: ClientDuplexStream<Buffer, Buffer>
  /** The next message that no earlier call was given. */
  next(): Promise<Buffer>
}

/** A stream of any rpc, as bytes. */
export function converse(client: Client, path: string): Talk {
  const call = client.makeBidiStreamRequest(path, same, same, new Metadata(), {})
  call.on('error', () => {})
  const arrived: Buffer[] = []
  const waiting: ((message: Buffer) => void)[] = []
  call.on('data', (bytes: Buffer) => {
    const one = waiting.shift()
    if (one) one(bytes)
    else arrived.push(bytes)
  })
  return {
    call,
    next: () =>
      new Promise((resolve) => {
        const one = arrived.shift()
        if (one) resolve(one)
        else waiting.push(resolve)
      }),
  }
}

/** One question and how it ended. */
export function ask(
  client: Client,
  path: string,
  question: Buffer,
): Promise<{ message?: Buffer; status: StatusObject }> {
  const call = client.makeBidiStreamRequest(path, same, same, new Metadata(), {})
  let message: Buffer | undefined
  call.on('error', () => {})
  call.on('data', (bytes: Buffer) => {
    message = bytes
  })
  call.end(question)
  return new Promise((resolve) => {
    call.on('status', (status) => resolve(message === undefined ? { status } : { message, status }))
  })
}
