// The xDS messages a raw client needs, written and read by hand: independent of the code under test, and fast enough to
// measure with. Unknown fields are passed over.

/** The resources of one response, decoded as far as a client has to look. */
export interface WireResource {
  readonly type: string
  readonly name: string
  /** Delta only; empty in SotW. */
  readonly version: string
  readonly bytes: Uint8Array
}

export interface WireResponse {
  readonly type: string
  readonly version: string
  readonly nonce: string
  readonly resources: readonly WireResource[]
  readonly removed: readonly string[]
}

export interface WireRequest {
  readonly type: string
  readonly node?: { readonly id: string; readonly cluster: string }
  readonly nonce?: string
  readonly error?: string
  /** SotW. */
  readonly versionInfo?: string
  readonly names?: readonly string[]
  /** Delta. */
  readonly subscribe?: readonly string[]
  readonly unsubscribe?: readonly string[]
  readonly initialVersions?: ReadonlyMap<string, string>
}

export function encodeSotwRequest(request: WireRequest): Buffer {
  return Buffer.concat([
    text(1, request.versionInfo),
    node(2, request.node),
    ...(request.names ?? []).map((name) => text(3, name, true)),
    text(4, request.type),
    text(5, request.nonce),
    status(6, request.error),
  ])
}

export function encodeDeltaRequest(request: WireRequest): Buffer {
  const versions = [...(request.initialVersions ?? [])]
  return Buffer.concat([
    node(1, request.node),
    text(2, request.type),
    ...(request.subscribe ?? []).map((name) => text(3, name, true)),
    ...(request.unsubscribe ?? []).map((name) => text(4, name, true)),
    ...versions.map(([name, version]) => block(5, Buffer.concat([text(1, name), text(2, version)]))),
    text(6, request.nonce),
    status(7, request.error),
  ])
}

export function decodeSotwResponse(bytes: Uint8Array): WireResponse {
  let [type, version, nonce] = ['', '', '']
  const resources: WireResource[] = []
  for (const field of fields(bytes)) {
    if (field.number === 1) version = string(field.bytes)
    else if (field.number === 2) resources.push(unwrap(field.bytes))
    else if (field.number === 4) type = string(field.bytes)
    else if (field.number === 5) nonce = string(field.bytes)
  }
  return { type, version, nonce, resources, removed: [] }
}

export function decodeDeltaResponse(bytes: Uint8Array): WireResponse {
  let [type, version, nonce] = ['', '', '']
  const resources: WireResource[] = []
  const removed: string[] = []
  for (const field of fields(bytes)) {
    if (field.number === 1) version = string(field.bytes)
    else if (field.number === 2) resources.push(wrapped(field.bytes))
    else if (field.number === 4) type = string(field.bytes)
    else if (field.number === 5) nonce = string(field.bytes)
    else if (field.number === 6) removed.push(string(field.bytes))
  }
  return { type, version, nonce, resources, removed }
}

/** A discovery.v3.Resource. */
function wrapped(bytes: Uint8Array): WireResource {
  let [name, version, type] = ['', '', '']
  let value: Uint8Array = new Uint8Array()
  for (const field of fields(bytes)) {
    if (field.number === 1) version = string(field.bytes)
    else if (field.number === 3) name = string(field.bytes)
    else if (field.number === 2) ({ type, value } = any(field.bytes))
  }
  return { type, name, version, bytes: value }
}

/** An Any in a SotW response: a resource, or a discovery.v3.Resource around one. */
function unwrap(bytes: Uint8Array): WireResource {
  const { type, value } = any(bytes)
  if (type.endsWith('discovery.v3.Resource')) return wrapped(value)
  return { type, name: firstText(value), version: '', bytes: value }
}

/** The name of a resource: field 1 of every type that is served. */
function firstText(bytes: Uint8Array): string {
  for (const field of fields(bytes)) if (field.number === 1) return string(field.bytes)
  return ''
}

export function any(bytes: Uint8Array): { type: string; value: Uint8Array } {
  let type = ''
  let value: Uint8Array = new Uint8Array()
  for (const field of fields(bytes)) {
    if (field.number === 1) type = string(field.bytes)
    else if (field.number === 2) value = field.bytes
  }
  return { type, value }
}

export interface Field {
  readonly number: number
  /** Of length-delimited fields; empty for the others. */
  readonly bytes: Uint8Array
  /** Of varint fields; 0 for the others. */
  readonly value: number
}

export function* fields(bytes: Uint8Array): Generator<Field> {
  const reader = { bytes, at: 0 }
  while (reader.at < bytes.length) {
    const tag = varint(reader)
    const number = tag >>> 3
    switch (tag & 7) {
      case 0:
        yield { number, bytes: EMPTY, value: varint(reader) }
        break
      case 1:
        reader.at += 8
        break
      case 2: {
        const size = varint(reader)
        const end = reader.at + size
        yield { number, bytes: bytes.subarray(reader.at, end), value: 0 }
        reader.at = end
        break
      }
      case 5:
        reader.at += 4
        break
      default:
        throw new Error(`wire type ${tag & 7} at ${reader.at}`)
    }
  }
}

const EMPTY = new Uint8Array()

function varint(reader: { bytes: Uint8Array; at: number }): number {
  let [value, scale] = [0, 1]
  for (;;) {
    const byte = reader.bytes[reader.at++]
    if (byte === undefined) throw new Error('the message ends within a number')
    value += (byte & 127) * scale
    if (byte < 128) return value
    scale *= 128
  }
}

export const string = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')

function block(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([length(number * 8 + 2), length(bytes.length), bytes])
}

/** Left out when empty, unless it stands in a list. */
function text(number: number, value: string | undefined, isListed = false): Buffer {
  return value || isListed ? block(number, Buffer.from(value ?? '')) : Buffer.alloc(0)
}

const node = (number: number, value: WireRequest['node']): Buffer =>
  value ? block(number, Buffer.concat([text(1, value.id), text(2, value.cluster)])) : Buffer.alloc(0)

/** google.rpc.Status with code 13 (INTERNAL), as Envoy sends it. */
const status = (number: number, message: string | undefined): Buffer =>
  message === undefined ? Buffer.alloc(0) : block(number, Buffer.concat([Buffer.from([8, 13]), text(2, message)]))

function length(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  while (rest > 127) {
    bytes.push((rest & 127) | 128)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  return Buffer.from(bytes)
}
