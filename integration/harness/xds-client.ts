// A raw xDS client that behaves like an Envoy: wildcard CDS and LDS, EDS for the clusters, RDS for the listeners, an ACK for
// every response. Speaks both variants, on ADS or on the stream of one type, and keeps every response with its arrival time.
// Independent of the code under test. Never reconnects by itself.
import { Client, type ClientDuplexStream, credentials, Metadata, type StatusObject } from '@grpc/grpc-js'
import { endpointsNameOf, routeNamesOf, TYPES } from './xds-content.ts'
import {
  decodeDeltaResponse,
  decodeSotwResponse,
  encodeDeltaRequest,
  encodeSotwRequest,
  type WireRequest,
  type WireResource,
  type WireResponse,
} from './xds-wire.ts'

export interface Arrival extends WireResponse {
  /** performance.now() of this process. */
  readonly atMs: number
  readonly byteLength: number
}

export interface XdsClientOptions {
  /** host:port, or an open gRPC client whose connection is shared. */
  readonly server: string | Client
  readonly variant: 'sotw' | 'delta'
  readonly node: { readonly id: string; readonly cluster: string }
  /** The method; ADS of the variant by default. */
  readonly method?: string
  /** False: subscribes to nothing by itself; use `send`. */
  readonly follows?: boolean
  /** A text refuses the response. */
  readonly judge?: (response: Arrival) => string | undefined
}

export interface XdsClient extends Disposable {
  readonly arrivals: readonly Arrival[]
  /** What it holds of a type, by name. */
  held(type: string): ReadonlyMap<string, WireResource>
  /** Resolves once it holds; looked at after every response. Rejects at the deadline, or when the stream ends. */
  until(what: string, holds: (client: XdsClient) => boolean, timeoutMs?: number): Promise<void>
  send(request: WireRequest): void
  /** Changes what it asks for of a type, as a client that follows by itself would. */
  subscribe(type: string, names: readonly string[]): void
  /** How the stream ended, once it has. */
  readonly ended: Promise<StatusObject>
  close(): void
}

interface TypeState {
  readonly held: Map<string, WireResource>
  names: Set<string>
  accepted: string
  nonce: string
}

const ADS = {
  sotw: '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources',
  delta: '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
}
/** State of the world of these types: what is absent is gone. */
const FULL = new Set<string>([TYPES.cluster, TYPES.listener])

export const connectXds = (address: string): Client =>
  new Client(address, credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
    'grpc.use_local_subchannel_pool': 1,
  })

export function createXdsClient(options: XdsClientOptions): XdsClient {
  const { server, variant, node } = options
  const grpc = typeof server === 'string' ? connectXds(server) : server
  const isDelta = variant === 'delta'
  const stream = openStream(grpc, options.method ?? ADS[variant])
  const types = new Map<string, TypeState>()
  const arrivals: Arrival[] = []
  const waiting = createWaiting()
  let isFirst = true

  const stateOf = (type: string): TypeState => {
    const state = types.get(type) ?? { held: new Map(), names: new Set(), accepted: '', nonce: '' }
    types.set(type, state)
    return state
  }
  const send = (request: WireRequest): void => {
    const full = isFirst ? { node, ...request } : request
    isFirst = false
    stream.write(isDelta ? encodeDeltaRequest(full) : encodeSotwRequest(full))
  }
  const subscribe = (type: string, names: readonly string[]): void => {
    const state = stateOf(type)
    const wanted = new Set(names)
    const added = [...wanted.difference(state.names)]
    const dropped = [...state.names.difference(wanted)]
    if (added.length + dropped.length === 0) return
    state.names = wanted
    for (const name of dropped) state.held.delete(name)
    if (isDelta) send({ type, subscribe: added, unsubscribe: dropped })
    else send({ type, names: [...wanted], versionInfo: state.accepted, nonce: state.nonce })
  }
  const answer = (response: Arrival): void => {
    const { type, nonce } = response
    const state = stateOf(type)
    const error = options.judge?.(response)
    state.nonce = nonce
    if (error === undefined) take(state, response, isDelta)
    const reply = isDelta ? {} : { names: [...state.names], versionInfo: state.accepted }
    send({ type, nonce, ...reply, ...(error === undefined ? {} : { error }) })
    if (error === undefined && options.follows !== false) follow(subscribe, type, state)
  }

  stream.on('data', (message: Buffer) => {
    const decoded = isDelta ? decodeDeltaResponse(message) : decodeSotwResponse(message)
    const arrival = { ...decoded, atMs: performance.now(), byteLength: message.length }
    arrivals.push(arrival)
    answer(arrival)
    waiting.look()
  })
  const ended = new Promise<StatusObject>((resolve) => stream.once('status', resolve))
  void ended.then(({ code, details }) => waiting.fail(new Error(`the stream ended: ${code} ${details}`)))
  if (options.follows !== false) for (const type of FULL) send({ type })

  const close = (): void => {
    stream.cancel()
    if (typeof server === 'string') grpc.close()
  }
  const client: XdsClient = {
    arrivals,
    held: (type) => stateOf(type).held,
    send,
    subscribe,
    ended,
    close,
    [Symbol.dispose]: close,
    until: (what, holds, timeoutMs = 10_000) => waiting.until(what, () => holds(client), timeoutMs),
  }
  return client
}

function openStream(grpc: Client, method: string): ClientDuplexStream<Buffer, Buffer> {
  const same = (bytes: Buffer): Buffer => bytes
  const stream = grpc.makeBidiStreamRequest(method, same, same, new Metadata())
  // The status says the same; without a listener an ended stream would end the test process.
  stream.on('error', () => {})
  return stream
}

function take(state: TypeState, response: WireResponse, isDelta: boolean): void {
  if (!isDelta && FULL.has(response.type)) state.held.clear()
  for (const resource of response.resources) state.held.set(resource.name, resource)
  for (const name of response.removed) state.held.delete(name)
  state.accepted = response.version
}

/** EDS for the clusters and RDS for the listeners that are held now. */
function follow(subscribe: XdsClient['subscribe'], type: string, { held }: TypeState): void {
  const bodies = [...held.values()].map((resource) => resource.bytes)
  if (type === TYPES.cluster) {
    const names = bodies.flatMap((body) => endpointsNameOf(body) ?? [])
    subscribe(TYPES.endpoints, names)
  }
  if (type === TYPES.listener) subscribe(TYPES.routes, bodies.flatMap(routeNamesOf))
}

interface Waiting {
  /** Something happened. */
  look(): void
  /** Nothing more will happen. */
  fail(error: Error): void
  until(what: string, holds: () => boolean, timeoutMs: number): Promise<void>
}

function createWaiting(): Waiting {
  const watchers = new Set<(error?: Error) => void>()
  const tell = (error?: Error): void => {
    for (const watcher of watchers) watcher(error)
  }
  return {
    look: () => tell(),
    fail: tell,
    until: (what, holds, timeoutMs) =>
      new Promise((resolve, reject) => {
        const settle = (error?: Error): void => {
          if (!error && !holds()) return
          clearTimeout(timer)
          watchers.delete(settle)
          if (error) reject(error)
          else resolve()
        }
        const timer = setTimeout(() => settle(new Error(`waited ${timeoutMs} ms for ${what}`)), timeoutMs)
        watchers.add(settle)
        settle()
      }),
  }
}
