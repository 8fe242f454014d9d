// Frames: a list of byte strings as one, each behind its length in four bytes, big end first. Scripts read and write
// the same with struct.pack('>I4') and so need no list of arguments, whose length Lua limits. Pure.

const LENGTH_BYTES = 4

export function frame(parts: readonly Uint8Array[]): Buffer {
  const total = parts.reduce((sum, part) => sum + LENGTH_BYTES + part.length, 0)
  const out = Buffer.allocUnsafe(total)
  let at = 0
  for (const part of parts) {
    at = out.writeUInt32BE(part.length, at)
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Undefined where the bytes are not frames. The parts share the memory of `bytes`. */
export function unframe(bytes: Buffer): readonly Buffer[] | undefined {
  const parts: Buffer[] = []
  let at = 0
  while (at < bytes.length) {
    if (at + LENGTH_BYTES > bytes.length) return undefined
    const length = bytes.readUInt32BE(at)
    at += LENGTH_BYTES
    if (at + length > bytes.length) return undefined
    parts.push(bytes.subarray(at, at + length))
    at += length
  }
  return parts
}
