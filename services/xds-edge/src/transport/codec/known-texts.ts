// Texts that come again and again: a thousand clients that come back name the same resources at the same versions. Equal bytes give
// the same string, found without making another one. Holds a fixed number of them, the last that came.
import { type Cursor, readString } from './wire.ts'

export interface KnownTexts {
  /** The string field at the cursor, as `readString` reads it. */
  read(c: Cursor): string
}

const slots = 8192

export function createKnownTexts(): KnownTexts {
  const known = new Array<string>(slots).fill('')
  return {
    read(c) {
      const length = c.bytes[c.at] as number
      const at = c.at + 1
      // Only what has a length of one byte is looked for; what is broken is not for here.
      if (!(length > 0 && length < 0x80 && length <= c.end - at)) return readString(c)
      const slot = hashOf(c.bytes, at, length) % slots
      const text = known[slot] as string
      if (isSame(text, c.bytes, at, length)) {
        c.at = at + length
        return text
      }
      const made = readString(c)
      // Of as many characters as bytes: ASCII, or never found again. Of others another text could have the bytes' codes.
      if (made.length === length) known[slot] = made
      return made
    },
  }
}

/** FNV-1a. */
function hashOf(bytes: Buffer, at: number, length: number): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ (bytes[at + i] as number), 0x01000193)
  return hash >>> 0
}

function isSame(text: string, bytes: Buffer, at: number, length: number): boolean {
  if (text.length !== length) return false
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== bytes[at + i]) return false
  return true
}
