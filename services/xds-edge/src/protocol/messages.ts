// What goes in and out of the protocol, decoded: plain values, no gRPC and no protobuf in them.
import type { Resource, TypeUrl, Version } from '@fleetcast/shared/resources/resource'

/** The variant of xDS a stream speaks. One step serves both; only these two shapes differ. */
export type Variant = 'sotw' | 'delta'

export interface NodeInfo {
  readonly id: string
  readonly cluster: string
  readonly clientFeatures: readonly string[]
  readonly userAgent: string
  readonly locality?: { readonly region: string; readonly zone: string; readonly subZone: string }
}

/** What a client says it holds. */
export interface HeldVersions {
  readonly versions: ReadonlyMap<string, Version>
  /** The same for equal versions, and for no others; undefined where nobody else is known to hold the same. */
  readonly key: string | undefined
}

interface AnyRequest {
  /** Empty where the client left it out (rule 3). */
  readonly type: TypeUrl
  readonly nonce: string
  /** Present means NACK (rule 15). */
  readonly error?: { readonly code: number; readonly message: string }
  /** Only guaranteed in the first request of a stream (rule 4). */
  readonly node?: NodeInfo
}

export interface SotwRequest extends AnyRequest {
  readonly variant: 'sotw'
  readonly versionInfo: string
  readonly names: readonly string[]
  /** The same for equal lists of names, and for no others. Absent where the reader does not tell. */
  readonly namesKey?: string | undefined
}

export interface DeltaRequest extends AnyRequest {
  readonly variant: 'delta'
  readonly subscribe: readonly string[]
  readonly unsubscribe: readonly string[]
  /** What the client says it holds; undefined where it says nothing. */
  readonly initialVersions: ReadonlyMap<string, Version> | undefined
  /** The same for equal `initialVersions`, and for no others. Absent where the reader does not tell. */
  readonly versionsKey?: string | undefined
}

export type Request = SotwRequest | DeltaRequest

/**
 * One response. Streams that make the same step get the *same object*: the transport encodes it once and keeps the
 * bytes by its identity, for as long as somebody holds it.
 */
export interface Response {
  readonly variant: Variant
  readonly type: TypeUrl
  readonly nonce: string
  /** SotW: version_info. Delta: system_version_info. A hash of content, the same on every edge. */
  readonly version: Version
  readonly resources: readonly Resource[]
  /** Delta only. */
  readonly removed: readonly string[]
  /** Names of `resources` that go out without a body: heartbeats (rule 82), unresolved aliases (rule 67). */
  readonly bodiless?: ReadonlySet<string>
  /** SotW: wrap each resource in discovery.v3.Resource (rules 80 and 84). */
  readonly wrapped?: boolean
  /** Send each resource's TTL with it: the client announced that it understands them (rule 80). */
  readonly ttl?: boolean
}

/** What a stream must do, called by the step in order. Implemented by the transport and by tests. */
export interface Effects {
  send(response: Response): void
  /** The client took `version` of the type. */
  acked(type: TypeUrl, version: Version, nonce: string): void
  /** The client refused; `names` are the resources that stood in the refused response. */
  rejected(type: TypeUrl, version: Version, nonce: string, message: string): void
  /** End the stream with this gRPC status. */
  close(code: 'INVALID_ARGUMENT' | 'PERMISSION_DENIED', message: string): void
  /** Call `stream.elapsed(timer)` once after so many milliseconds; a later call with the same timer replaces it. */
  wait(timer: string, delayMs: number): void
}
