// DiscoveryResponse and DeltaDiscoveryResponse, straight from the bytes of resources: sizes first, then one buffer that
// is filled once. Equal to what a protobuf library writes. Knows no cache and no stream.
import type { Resource, TypeUrl } from '@fleetcast/shared/resources/resource'
import type { Response } from '../../protocol/messages.ts'
import { fieldSize, stringSize, varintSize, writeHead, writeString, writeText, writeVarint } from './wire.ts'

/** What gRPC puts before each message: a byte that says "not compressed" and the length. */
export const framePrefixBytes = 5

const WRAPPER: TypeUrl = 'type.googleapis.com/envoy.service.discovery.v3.Resource'

/** The whole gRPC frame; the message itself starts after `framePrefixBytes`. */
export function encodeResponse(response: Response): Buffer {
  return response.variant === 'delta' ? encodeDelta(response) : encodeSotw(response)
}

/** version_info 1, resources 2, type_url 4, nonce 5. */
function encodeSotw(response: Response): Buffer {
  const { resources, wrapped } = response
  const sizes = resources.map((r) =>
    wrapped ? anySize(WRAPPER, resourceSize(response, r)) : anySize(r.type, r.bytes.length),
  )
  const out = frame(envelopeSize(response, sizes))
  let at = writeString(out, framePrefixBytes, 1, response.version)
  resources.forEach((r, i) => {
    at = writeHead(out, at, 2, sizes[i] ?? 0)
    if (!wrapped) {
      at = writeAny(out, at, r)
      return
    }
    at = writeString(out, at, 1, WRAPPER)
    at = writeHead(out, at, 2, resourceSize(response, r))
    at = writeResource(out, at, response, r)
  })
  at = writeString(out, at, 4, response.type)
  writeString(out, at, 5, response.nonce)
  return out
}

/** system_version_info 1, resources 2, type_url 4, nonce 5, removed_resources 6. */
function encodeDelta(response: Response): Buffer {
  const { resources, removed } = response
  const sizes = resources.map((r) => resourceSize(response, r))
  const removedSize = removed.reduce((sum, name) => sum + fieldSize(Buffer.byteLength(name)), 0)
  const out = frame(envelopeSize(response, sizes) + removedSize)
  let at = writeString(out, framePrefixBytes, 1, response.version)
  resources.forEach((r, i) => {
    at = writeHead(out, at, 2, sizes[i] ?? 0)
    at = writeResource(out, at, response, r)
  })
  at = writeString(out, at, 4, response.type)
  at = writeString(out, at, 5, response.nonce)
  for (const name of removed) at = writeText(out, at, 6, name)
  return out
}

const hasBody = (response: Response, resource: Resource): boolean => !response.bodiless?.has(resource.name)
/** Rule 80: only for clients that announced that they understand it. */
const ttlOf = (response: Response, { ttlSeconds }: Resource): number | undefined =>
  response.ttl ? ttlSeconds : undefined

const envelopeSize = (response: Response, sizes: readonly number[]): number =>
  sizes.reduce(
    (sum, size) => sum + fieldSize(size),
    stringSize(response.version) + stringSize(response.type) + stringSize(response.nonce),
  )

function frame(length: number): Buffer {
  // Large buffers of their own: a slice of Node's pool would keep the pool's other slices alive.
  const out = Buffer.allocUnsafeSlow(framePrefixBytes + length)
  out[0] = 0
  out.writeUInt32BE(length, 1)
  return out
}

/** google.protobuf.Any: type_url 1, value 2. */
const anySize = (type: TypeUrl, length: number): number => stringSize(type) + (length === 0 ? 0 : fieldSize(length))

function writeAny(out: Buffer, at: number, { type, bytes }: Resource): number {
  let to = writeString(out, at, 1, type)
  if (bytes.length === 0) return to
  to = writeHead(out, to, 2, bytes.length)
  out.set(bytes, to)
  return to + bytes.length
}

/** discovery.v3.Resource: version 1, resource 2, name 3, aliases 4, ttl 6. */
function resourceSize(response: Response, r: Resource): number {
  const ttl = ttlOf(response, r)
  let size = stringSize(r.version) + stringSize(r.name)
  if (hasBody(response, r)) size += fieldSize(anySize(r.type, r.bytes.length))
  if (r.aliases) for (const alias of r.aliases) size += fieldSize(Buffer.byteLength(alias))
  if (ttl !== undefined) size += fieldSize(durationSize(ttl))
  return size
}

function writeResource(out: Buffer, at: number, response: Response, r: Resource): number {
  const ttl = ttlOf(response, r)
  let to = writeString(out, at, 1, r.version)
  if (hasBody(response, r)) {
    to = writeHead(out, to, 2, anySize(r.type, r.bytes.length))
    to = writeAny(out, to, r)
  }
  to = writeString(out, to, 3, r.name)
  if (r.aliases) for (const alias of r.aliases) to = writeText(out, to, 4, alias)
  if (ttl !== undefined) {
    to = writeHead(out, to, 6, durationSize(ttl))
    to = writeDuration(out, to, ttl)
  }
  return to
}

/** google.protobuf.Duration: seconds 1, nanos 2. */
const parts = (seconds: number): readonly [number, number] => {
  const whole = Math.floor(seconds)
  return [whole, Math.round((seconds - whole) * 1e9)]
}

function durationSize(seconds: number): number {
  const [whole, nanos] = parts(seconds)
  return (whole === 0 ? 0 : 1 + varintSize(whole)) + (nanos === 0 ? 0 : 1 + varintSize(nanos))
}

function writeDuration(out: Buffer, at: number, seconds: number): number {
  const [whole, nanos] = parts(seconds)
  let to = at
  if (whole !== 0) {
    out[to] = 8
    to = writeVarint(out, to + 1, whole)
  }
  if (nanos !== 0) {
    out[to] = 16
    to = writeVarint(out, to + 1, nanos)
  }
  return to
}
