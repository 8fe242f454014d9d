// A resource: type + name + version + bytes. Encoded once by the publisher; nobody after it decodes the bytes.
// Equality of versions is equality of content, on every replica and after every restart.
import { createHmac, hash } from 'node:crypto'

/** `type.googleapis.com/<message>`. */
export type TypeUrl = string
/** 16 hexadecimal digits: the head of SHA-256 over the bytes, or of a keyed hash for sensitive content. */
export type Version = string

export interface Resource {
  readonly type: TypeUrl
  readonly name: string
  readonly version: Version
  /** The value of the Any that Envoy gets. Never changed in place. */
  readonly bytes: Uint8Array
  /** For a Cluster that gets its endpoints by EDS over ADS: the name of its ClusterLoadAssignment. */
  readonly endpointsName?: string
  /** Holds a secret: sealed wherever it is stored, and never shown. */
  readonly sensitive?: true
  /** Seconds a client that understands TTLs may keep it without a heartbeat. */
  readonly ttlSeconds?: number
  /** Other names under which it may be asked for (VHDS hosts). */
  readonly aliases?: readonly string[]
}

/** What `resource` takes beside the fields that it copies. */
export interface ResourceInput {
  readonly type: TypeUrl
  readonly name: string
  readonly bytes: Uint8Array
  readonly endpointsName?: string | undefined
  readonly sensitive?: boolean | undefined
  readonly ttlSeconds?: number | undefined
  readonly aliases?: readonly string[] | undefined
  /** Keys the version of sensitive content, so that it can't be guessed from its hash. */
  readonly sealKey?: Uint8Array | undefined
}

/** Makes a resource and its version. The version covers everything an Envoy or an edge can tell apart. */
export function resource(input: ResourceInput): Resource {
  const { type, name, bytes, endpointsName, ttlSeconds, aliases } = input
  const hasExtras = ttlSeconds !== undefined || aliases !== undefined
  const extras = hasExtras ? Buffer.from(JSON.stringify([ttlSeconds, aliases])) : undefined
  const content = extras === undefined ? bytes : Buffer.concat([bytes, extras])
  return {
    type,
    name,
    version: input.sensitive && input.sealKey ? keyed(content, input.sealKey) : versionOf(content),
    bytes,
    ...(endpointsName === undefined ? {} : { endpointsName }),
    ...(input.sensitive ? { sensitive: true as const } : {}),
    ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
    ...(aliases === undefined ? {} : { aliases }),
  }
}

export const versionOf = (bytes: Uint8Array): Version => hash('sha256', bytes, 'hex').slice(0, 16)
const keyed = (bytes: Uint8Array, key: Uint8Array): Version =>
  createHmac('sha256', key).update(bytes).digest('hex').slice(0, 16)
