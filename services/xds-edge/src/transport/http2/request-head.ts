// The head of a request, as far as a gRPC server asks for it, and whether it is well formed (RFC 9113, section 8).
import type { FieldDecoder, FieldFault } from './header-fields.ts'
import type { Field } from './static-fields.ts'

export interface RequestHead {
  readonly path: string
  /** Empty where there is none. */
  readonly contentType: string
  readonly grpcTimeout: string | undefined
  readonly contentLength: number | undefined
}

const PSEUDO: ReadonlySet<string> = new Set([':method', ':scheme', ':path', ':authority'])
const REQUIRED = [':method', ':scheme', ':path']
/** Headers of HTTP/1.1 that speak of the connection. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/** What a block of fields says. */
export interface ReadBlock {
  readonly fields: readonly Field[]
  /** Undefined where it is not the head of a request, or malformed. */
  readonly head: RequestHead | undefined
}

/** Longer blocks are not kept. */
const keptBytesMax = 1024

/** Reads the blocks of a connection. A client that opens many streams sends the same one for each: that is read once. */
export function createBlockReader(decoder: FieldDecoder): (block: Buffer) => ReadBlock | FieldFault {
  let kept: { readonly block: Buffer; readonly read: ReadBlock } | undefined
  return (block) => {
    if (kept?.block.equals(block)) return kept.read
    const fields = decoder.decode(block)
    if (typeof fields === 'string') return fields
    const read = { fields, head: readHead(fields) }
    // A copy: the bytes of the block are a part of a larger buffer.
    kept = decoder.isSettled() && block.length <= keptBytesMax ? { block: Buffer.from(block), read } : undefined
    return read
  }
}

/** Undefined where it is malformed. */
function readHead(fields: readonly Field[]): RequestHead | undefined {
  const pseudo = new Map<string, string>()
  let isRegular = false
  let contentType = ''
  let grpcTimeout: string | undefined
  let contentLength: number | undefined
  for (const { name, value } of fields) {
    if (name.startsWith(':')) {
      if (isRegular || !PSEUDO.has(name) || pseudo.has(name)) return undefined
      pseudo.set(name, value)
      continue
    }
    isRegular = true
    if (!isAllowed(name, value)) return undefined
    if (name === 'content-type') contentType = value
    else if (name === 'grpc-timeout') grpcTimeout = value
    else if (name === 'content-length') {
      if (!/^\d{1,15}$/.test(value)) return undefined
      contentLength = Number(value)
    }
  }
  const path = pseudo.get(':path')
  if (path === undefined || path === '' || REQUIRED.some((name) => !pseudo.has(name))) return undefined
  return { path, contentType, grpcTimeout, contentLength }
}

/** Whether fields may stand after a body. */
export const areTrailers = (fields: readonly Field[]): boolean =>
  fields.every(({ name, value }) => !name.startsWith(':') && isAllowed(name, value))

const isAllowed = (name: string, value: string): boolean =>
  !/[A-Z]/.test(name) && !FORBIDDEN.has(name) && (name !== 'te' || value === 'trailers')
