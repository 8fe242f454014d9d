// From ConfigMaps to files: each key is a file. A document with a mistake is not delivered; its last good form stays (rule 5).
// Pure, but for the last good forms that it remembers.
import { readDocument } from '@fleetcast/shared/envoy/document'
import type { EnvoyTypes } from '@fleetcast/shared/envoy/types'
import { type ConfigMapObject, objectKey } from '@fleetcast/shared/objects/object'
import type { Problem } from '@fleetcast/shared/objects/problem'
import type { OutputFile, OutputFiles } from './file-set.ts'

export interface ConfigMapFiles {
  readonly files: OutputFiles
  readonly problems: readonly Problem[]
}

export interface FileMaker {
  /** In the order of the maps; where two have the same key the later one is taken, with a problem. */
  make(maps: Iterable<ConfigMapObject>): ConfigMapFiles
}

const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/
/** A file-based xDS document, the only kind of key whose content is known here. */
const DOCUMENT = /^\s*["']?resources["']?\s*:/m

export function createFileMaker(types: EnvoyTypes): FileMaker {
  const lastGood = new Map<string, string>()

  function textOf(map: ConfigMapObject, key: string, text: string, problems: Problem[]): string | undefined {
    const id = `${objectKey(map)} ${key}`
    const found = DOCUMENT.test(text) ? readDocument({ types, name: key, text }).problems : []
    const errors = found.filter((problem) => problem.severity === 'error')
    problems.push(...errors.map((p) => ({ ...p, place: { ...p.place, object: objectKey(map), key } })))
    if (errors.length === 0) lastGood.set(id, text)
    return lastGood.get(id)
  }

  return {
    make(maps) {
      const files = new Map<string, OutputFile>()
      const problems: Problem[] = []
      const say = (code: string, map: ConfigMapObject, key: string, message: string): void => {
        problems.push({ severity: 'warning', code, message, place: { object: objectKey(map), key } })
      }
      for (const map of maps) {
        for (const [key, written] of Object.entries(map.data)) {
          if (!NAME.test(key)) {
            say('name', map, key, 'is no name of a file: it is not written')
            continue
          }
          if (files.has(key)) say('duplicate', map, key, 'another ConfigMap has the same key: this one is taken')
          const text = textOf(map, key, written, problems)
          if (text !== undefined) files.set(key, { text })
        }
      }
      return { files, problems }
    },
  }
}
