// Raw objects of one kind from an API server into cut-down ones, remembering which of them could not be read.
import type { Kind, KubeObject, ObjectChange, ObjectKey } from '@fleetcast/shared/objects/object'
import type { Problem } from '@fleetcast/shared/objects/problem'
import { formatPath, keyOf } from '../../cut/cut.ts'
import { cutObject } from '../../cut/cut-object.ts'

export interface Reading {
  /** The change that an event means; undefined for an object that can't be read: its last good form stays. */
  change(raw: unknown, gone: boolean): ObjectChange | undefined
  /** Between the two, all objects of a list are read: what was wrong and is not among them is gone. */
  beginList(): void
  endList(): void
  /** True for objects that are there and can't be read. */
  isWrong(key: ObjectKey): boolean
}

export function createReading(kind: Kind, tell: (about: string, problems: readonly Problem[]) => void): Reading {
  const wrong = new Set<ObjectKey>()
  let confirmed = new Set<ObjectKey>()

  const clear = (key: ObjectKey): void => {
    if (wrong.delete(key)) tell(`object ${key}`, [])
  }
  const refuse = (key: ObjectKey, problems: readonly Problem[]): void => {
    wrong.add(key)
    confirmed.add(key)
    tell(`object ${key}`, problems)
  }

  const cut = (raw: unknown, key: ObjectKey): KubeObject | undefined => {
    const { objects, mistakes } = cutObject({ kind, namespace: '', raw })
    if (mistakes.length === 0) clear(key)
    else {
      const problems = mistakes.map(({ code, message, path }): Problem => {
        return { severity: 'error', code, message, place: { object: key, path: formatPath(path) } }
      })
      refuse(key, problems)
    }
    return objects[0]
  }

  return {
    change(raw, gone) {
      const key = keyOf({ kind, namespace: '', raw })
      if (key === undefined) {
        refuse(`${kind}//`, [{ severity: 'error', code: 'field', message: 'has no name', place: { object: kind } }])
        return undefined
      }
      if (gone) {
        clear(key)
        return { key, object: undefined }
      }
      const object = cut(raw, key)
      return wrong.has(key) ? undefined : { key, object }
    },
    beginList() {
      confirmed = new Set()
    },
    endList() {
      for (const key of [...wrong]) if (!confirmed.has(key)) clear(key)
    },
    isWrong: (key) => wrong.has(key),
  }
}
