// What cutting an object down gives: the fields that Fleetcast reads, or what is wrong with it. Pure; throws for nothing.
import type { Kind, KubeObject, ObjectKey } from '@fleetcast/shared/objects/object'
import type { z } from 'zod'

/** Something wrong in a raw object. `path` leads to it, from the object's root. Never holds a value of the object. */
export interface Mistake {
  readonly code: string
  readonly message: string
  readonly path: readonly (string | number)[]
}

/** Either objects (only an `Endpoints` can become several) or mistakes, never both: nothing half is used (rule 4). */
export interface Cut {
  readonly objects: readonly KubeObject[]
  readonly mistakes: readonly Mistake[]
}

/** One raw object. Where it came from decides its kind and the namespace that it has if it names none. */
export interface RawObject {
  readonly kind: Kind
  readonly namespace: string
  readonly raw: unknown
  /** The file it stands in; kept in ConfigMaps for the problems of their text. */
  readonly origin?: string | undefined
}

export const mistaken = (code: string, message: string, path: Mistake['path'] = []): Cut => ({
  objects: [],
  mistakes: [{ code, message, path }],
})

/** Reads `raw` with the schema and makes the object; what zod found wrong becomes mistakes without any value in them. */
export function cutWith<T>(schema: z.ZodType<T>, raw: unknown, make: (value: T) => Cut | KubeObject): Cut {
  const result = schema.safeParse(raw)
  if (result.success) {
    const made = make(result.data)
    return 'mistakes' in made ? made : { objects: [made], mistakes: [] }
  }
  const mistakes = result.error.issues.map(
    ({ message, path }): Mistake => ({
      code: 'field',
      message,
      path: path.map((p) => (typeof p === 'symbol' ? '' : p)),
    }),
  )
  return { objects: [], mistakes }
}

/** The key of a raw object whose metadata can be read, for keeping its last good form when the rest can't be. */
export function keyOf({ kind, namespace, raw }: RawObject): ObjectKey | undefined {
  const metadata = field(raw, 'metadata')
  const name = field(metadata, 'name')
  if (typeof name !== 'string' || name === '') return undefined
  const own = field(metadata, 'namespace')
  if (kind === 'Node') return `Node//${name}`
  return `${kind}/${typeof own === 'string' && own !== '' ? own : namespace}/${name}`
}

/** A field of what may not be an object at all. */
export function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name]
}

/** `spec.ports[0].port`. */
export const formatPath = (path: Mistake['path']): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '')
