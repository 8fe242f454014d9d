// The seal key, from the environment or a file. No message here holds it or a part of it.
import { readFile } from 'node:fs/promises'
import { failure, reasonOf } from '@fleetcast/shared/runtime/failure'
import { EXIT_WRONG_USAGE } from '@fleetcast/shared/runtime/run'
import { SEAL_KEY_BYTES } from '@fleetcast/shared/runtime/seal'

/** Undefined where it is not 32 bytes in base64. */
export function parseSealKey(text: string): Uint8Array | undefined {
  const trimmed = text.trim()
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(trimmed)) return undefined
  const key = Buffer.from(trimmed, 'base64')
  return key.length === SEAL_KEY_BYTES ? key : undefined
}

export interface SealKeyValues {
  readonly sealKey: Uint8Array | undefined
  readonly sealKeyFile: string | undefined
}

export async function readSealKey({ sealKey, sealKeyFile }: SealKeyValues): Promise<Uint8Array | undefined> {
  if (sealKeyFile === undefined) return sealKey
  const text = await readFile(sealKeyFile, 'utf8').catch((error: unknown) => {
    throw failure(`--seal-key-file: ${reasonOf(error)}`, EXIT_WRONG_USAGE)
  })
  const key = parseSealKey(text)
  if (!key) throw failure(`--seal-key-file: ${sealKeyFile} does not hold 32 bytes in base64`, EXIT_WRONG_USAGE)
  return key
}
