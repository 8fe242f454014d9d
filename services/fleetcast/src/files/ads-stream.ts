// One aggregated xDS stream, state of the world, as its client: plain HTTP/2 and gRPC's frames. Keeps nothing and asks nothing
// by itself; whoever opens it decides.
import { readFileSync } from 'node:fs'
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
import { decodeExact, encodeMessage } from '@fleetcast/shared/envoy/encode'
import type { EnvoyTypes } from '@fleetcast/shared/envoy/types'
import { type Address, formatAddress } from '@fleetcast/shared/runtime/address'

const METHOD = '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources'
const HEAD_BYTES = 5
const MESSAGE_BYTES_MAX = 256 * 1024 * 1024
const KEEPALIVE_MS = 30_000

export interface AdsResponse {
  readonly type: string
  readonly version: string
  readonly nonce: string
  /** JSON with `@type`, secrets included. */
  readonly resources: readonly { readonly [key: string]: unknown }[]
}

export interface AdsRequest {
  readonly type: string
  readonly names: readonly string[]
  readonly version?: string
  readonly nonce?: string
  /** Present: the response with that nonce is refused. */
  readonly error?: string
}

export interface AdsOptions {
  readonly edge: Address
  readonly edgeCa?: string | undefined
  readonly tlsCert?: string | undefined
  readonly tlsKey?: string | undefined
  readonly node: { readonly id: string; readonly cluster: string }
  readonly types: EnvoyTypes
}

export interface AdsStream {
  send(request: AdsRequest): void
  /** Resolves with the reason once it has ended, whatever ended it. */
  readonly ended: Promise<string>
  close(): void
}

export function openAds(options: AdsOptions, onResponse: (response: AdsResponse) => void): AdsStream {
  const ended = Promise.withResolvers<string>()
  const session = openSession(options)
  const stream = session.request(
    { ':method': 'POST', ':path': METHOD, 'content-type': 'application/grpc', te: 'trailers' },
    { endStream: false },
  )
  const close = (reason: string): void => {
    ended.resolve(reason)
    stream.destroy()
    session.destroy()
  }
  const ping = setInterval(() => session.ping((error) => error && close(error.message)), KEEPALIVE_MS)
  void ended.promise.then(() => clearInterval(ping))
  session.on('error', (error: Error) => close(error.message || String(error)))
  session.on('close', () => close('the connection was closed'))
  follow(stream, { ...options, onResponse, close })
  let isFirst = true
  return {
    ended: ended.promise,
    close: () => close('closed'),
    send(request) {
      if (stream.destroyed) return
      stream.write(frame(encodeRequest(request, isFirst ? options.node : undefined, options.types)))
      isFirst = false
    },
  }
}

function openSession({ edge, edgeCa, tlsCert, tlsKey }: AdsOptions): ClientHttp2Session {
  const isPlain = edgeCa === undefined && tlsCert === undefined
  const tls = {
    ...(edgeCa === undefined ? {} : { ca: readFileSync(edgeCa) }),
    ...(tlsCert === undefined || tlsKey === undefined
      ? {}
      : { cert: readFileSync(tlsCert), key: readFileSync(tlsKey) }),
  }
  const settings = { initialWindowSize: 4 * 1024 * 1024 }
  return connect(
    `${isPlain ? 'http' : 'https'}://${formatAddress(edge)}`,
    isPlain ? { settings } : { ...tls, settings },
  )
}

interface Following {
  readonly types: EnvoyTypes
  readonly onResponse: (response: AdsResponse) => void
  readonly close: (reason: string) => void
}

function follow(stream: ClientHttp2Stream, { types, onResponse, close }: Following): void {
  let pending: Buffer = Buffer.alloc(0)
  stream.on('error', (error: Error) => close(error.message || String(error)))
  stream.on('close', () => close('the stream was closed'))
  const onEnd = (headers: Record<string, unknown>): void => {
    const status = headers['grpc-status']
    if (status !== undefined)
      close(`gRPC status ${String(status)}: ${decodeURIComponent(String(headers['grpc-message'] ?? ''))}`)
  }
  stream.on('response', onEnd)
  stream.on('trailers', onEnd)
  stream.on('data', (bytes: Buffer) => {
    pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes])
    while (pending.length >= HEAD_BYTES) {
      const length = pending.readUInt32BE(1)
      if (pending[0] !== 0 || length > MESSAGE_BYTES_MAX) return close('what came is no gRPC message')
      if (pending.length < HEAD_BYTES + length) return
      const message = pending.subarray(HEAD_BYTES, HEAD_BYTES + length)
      pending = pending.subarray(HEAD_BYTES + length)
      try {
        onResponse(decodeResponse(message, types))
      } catch (error) {
        return close(error instanceof Error ? error.message : String(error))
      }
    }
  })
}

function encodeRequest(
  { type, names, version = '', nonce = '', error }: AdsRequest,
  node: object | undefined,
  types: EnvoyTypes,
) {
  const request = {
    ...(node ? { node } : {}),
    type_url: type,
    resource_names: names,
    version_info: version,
    response_nonce: nonce,
    ...(error === undefined ? {} : { error_detail: { code: 3, message: error } }),
  }
  const { value, issues } = encodeMessage('envoy.service.discovery.v3.DiscoveryRequest', request, types)
  if (!value) throw new Error(issues.map((issue) => issue.message).join('; '))
  return value.bytes
}

function frame(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

function decodeResponse(bytes: Buffer, types: EnvoyTypes): AdsResponse {
  const json = decodeExact('envoy.service.discovery.v3.DiscoveryResponse', bytes, types)
  const text = (field: string): string => (typeof json[field] === 'string' ? json[field] : '')
  const resources = Array.isArray(json.resources) ? json.resources : []
  return { type: text('type_url'), version: text('version_info'), nonce: text('nonce'), resources }
}
