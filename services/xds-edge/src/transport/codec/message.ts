// Small messages, written field by field where speed does not matter: health, reflection, status. Empty values are left
// out, as proto3 does.
import { framePrefixBytes } from './encode-response.ts'
import { varintSize, writeVarint } from './wire.ts'

const varint = (value: number): Buffer => {
  const out = Buffer.alloc(varintSize(value))
  writeVarint(out, 0, value)
  return out
}

const none = Buffer.alloc(0)

export const textField = (field: number, text: string): Buffer =>
  text === '' ? none : messageField(field, Buffer.from(text))

/** A nested message, or bytes: written even if empty. */
export const messageField = (field: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts)
  return Buffer.concat([varint(field * 8 + 2), varint(body.length), body])
}

/** Numbers from 0 to 2^32 - 1, enums and booleans. */
export const numberField = (field: number, value: number): Buffer =>
  value === 0 ? none : Buffer.concat([varint(field * 8), varint(value)])

/** The message as a gRPC frame. */
export function frameOf(...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  const head = Buffer.alloc(framePrefixBytes)
  head.writeUInt32BE(body.length, 1)
  return Buffer.concat([head, body])
}
