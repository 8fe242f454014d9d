// Sealing: AES-256-GCM whose IV is an HMAC of the plain text, so that equal content gives equal bytes on every replica.
// A sealed text tells nothing but its length and whether it equals another one.
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'

export interface Sealer {
  seal(plain: Uint8Array): Buffer
  /** Undefined where the bytes were not sealed with this key, or were changed. */
  open(sealed: Uint8Array): Buffer | undefined
}

export const SEAL_KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16

/** Throws where the key has another length than 32 bytes; the message does not hold it. */
export function createSealer(key: Uint8Array): Sealer {
  if (key.length !== SEAL_KEY_BYTES) throw new Error(`a seal key has ${SEAL_KEY_BYTES} bytes, this one ${key.length}`)
  // A key of its own for the IV: one key must not serve two algorithms.
  const ivKey = createHmac('sha256', key).update('fleetcast seal iv').digest()
  return {
    seal(plain) {
      const iv = createHmac('sha256', ivKey).update(plain).digest().subarray(0, IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, iv)
      const body = Buffer.concat([cipher.update(plain), cipher.final()])
      return Buffer.concat([iv, cipher.getAuthTag(), body])
    },
    open(sealed) {
      if (sealed.length < IV_BYTES + TAG_BYTES) return undefined
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, IV_BYTES))
      decipher.setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
      try {
        return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()])
      } catch {
        return undefined
      }
    },
  }
}
