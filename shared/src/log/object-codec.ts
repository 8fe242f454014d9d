// How an object stands in Redis: a format digit, then `j` and JSON, or `s` and sealed JSON. ConfigMaps and Secrets are
// sealed wherever there is a key; a Secret is never written without one (rule 8).
import type { KubeObject, ObjectKey } from '../objects/object.ts'
import { objectKey } from '../objects/object.ts'
import type { Problem } from '../objects/problem.ts'
import { FORMAT } from '../redis/format.ts'
import type { Sealer } from '../runtime/seal.ts'

export type Decoded = { readonly object: KubeObject } | { readonly problem: Problem }

export interface ObjectCodec {
  /** Throws for a Secret where there is no key: whoever appends leaves Secrets out then. */
  encode(object: KubeObject): Buffer
  decode(site: string, key: ObjectKey, value: Buffer): Decoded
}

const PLAIN = Buffer.from(`${FORMAT}j`)
const SEALED = Buffer.from(`${FORMAT}s`)

export function createObjectCodec(sealer: Sealer | undefined): ObjectCodec {
  return {
    encode(object) {
      const json = Buffer.from(JSON.stringify(object))
      if (object.kind !== 'Secret' && object.kind !== 'ConfigMap') return Buffer.concat([PLAIN, json])
      if (sealer) return Buffer.concat([SEALED, sealer.seal(json)])
      if (object.kind === 'Secret') throw new Error(`${objectKey(object)} can't be kept: there is no seal key`)
      return Buffer.concat([PLAIN, json])
    },
    decode(site, key, value) {
      const wrong = (code: string, message: string): Decoded => ({
        problem: { severity: 'error', code, message, place: { site, object: key } },
      })
      const format = Number(String.fromCharCode(value[0] ?? 0))
      if (format > FORMAT)
        return wrong('format', `was written by a newer Fleetcast (format ${format}): upgrade this one`)
      const form = String.fromCharCode(value[1] ?? 0)
      if (!format || (form !== 'j' && form !== 's')) return wrong('format', 'is not what Fleetcast writes into its log')
      if (form === 's' && !sealer) return wrong('seal', 'is sealed, and there is no seal key (FLEETCAST_SEAL_KEY)')
      const json = form === 's' ? sealer?.open(value.subarray(2)) : value.subarray(2)
      if (json === undefined) return wrong('seal', 'is sealed with another key, or was changed')
      const object = parseObject(key, json)
      return object ? { object } : wrong('format', 'is not an object that Fleetcast writes into its log')
    },
  }
}

function parseObject(key: ObjectKey, json: Buffer): KubeObject | undefined {
  try {
    // The watcher made it; that it stands under its own key is enough to tell it from garbage.
    const object = JSON.parse(json.toString()) as KubeObject
    return objectKey(object) === key ? object : undefined
  } catch {
    return undefined
  }
}
