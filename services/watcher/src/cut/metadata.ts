// The part of metadata that every cut reads, and small schemas that several kinds share.
import type { Labels } from '@fleetcast/shared/objects/object'
import { z } from 'zod'

/** A name becomes a part of keys and of Redis fields: no slash, no control characters. */
const name = z
  .string()
  .min(1, 'must not be empty')
  .max(253, 'is longer than 253 characters')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  .regex(/^[^/\u0000-\u001f\u007f]+$/, 'must not hold slashes or control characters')

export const texts = z.record(z.string(), z.string()).nullish()

export const metadata = z.object({
  name,
  namespace: z.union([z.literal(''), name]).nullish(),
  labels: texts,
  annotations: texts,
})

export const portNumber = z.int().min(1, 'is no port').max(65535, 'is no port')
export const protocol = z.enum(['TCP', 'UDP', 'SCTP']).nullish()
/** Kubernetes leaves out empty texts or writes them, alike. */
export const optionalText = z.string().nullish()

export const namespaceOf = (own: string | null | undefined, fallback: string): string => own || fallback

/** The same entries in the order of their keys: equal content gives equal values and equal hashes. */
export function sorted(entries: Readonly<Record<string, string>> | null | undefined): Labels {
  if (!entries) return {}
  return Object.fromEntries(Object.entries(entries).sort(([a], [b]) => compare(a, b)))
}

export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The field under its name, or nothing where it is absent, null or empty. */
export function present<K extends string, V>(key: K, value: V | null | undefined): { readonly [P in K]?: V } {
  if (value === undefined || value === null || value === '') return {}
  return { [key]: value } as { readonly [P in K]?: V }
}
