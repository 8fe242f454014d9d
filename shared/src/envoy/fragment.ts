// A part of a message as a user wrote it, to canonical JSON: v2 upgrade and strict walk, with the user's place for every
// problem. A fragment may be incomplete, so the rules of the API are not asked here. Never throws.
import type { DescMessage, JsonValue } from '@bufbuild/protobuf'
import type { Problem } from '../objects/problem.ts'
import { canonical } from './canonical-json.ts'
import { asObject, isObject, show, within } from './json-value.ts'
import type { EnvoyTypes } from './types.ts'
import { type Origins, originOf } from './upgrade-v2.ts'
import { locate, type Position, type Positions, readYaml } from './yaml-positions.ts'

export interface FragmentOptions {
  readonly types: EnvoyTypes
  /** Lets a TypedStruct of an unknown type through unchecked, with a warning. */
  readonly allowUnknownExtensions?: boolean | undefined
  /** What has no successor in v3 is a warning and not an error. */
  readonly allowLost?: boolean | undefined
}
export interface FragmentInput extends FragmentOptions {
  /** Message name or type URL, of v2 or v3. */
  readonly type: string
  readonly value: unknown
  /** Where the value stands in its document. */
  readonly path: string
  readonly positions: Positions
}
export type CanonicalObject = { [key: string]: JsonValue }
/** Speaks of a path of the upgraded, canonical JSON. */
export type Say = (severity: Problem['severity'], code: string, message: string, path: string) => void

export interface Fragment {
  readonly desc: DescMessage | undefined
  /** undefined where a problem is an error. */
  readonly json: CanonicalObject | undefined
  /** Grows with `say`. */
  readonly problems: Problem[]
  readonly say: Say
  /** Where the user wrote what stands at a path of `json`. */
  readonly placeOf: (path: string) => { readonly position: Position | undefined; readonly path: string }
}

export function readFragment({ type, value, path, positions, ...options }: FragmentInput): Fragment {
  const { types, allowUnknownExtensions, allowLost } = options
  const problems: Problem[] = []
  const desc = types.message(types.today(type.slice(type.lastIndexOf('/') + 1)))
  let origins: Origins = new Map()
  const placeOf = (at: string) => {
    const written = within(path, originOf(at, origins))
    return { position: locate(positions, written) ?? locate(positions, path), path: written }
  }
  const say: Say = (severity, code, message, at) => {
    const place = placeOf(at)
    problems.push({
      severity,
      code,
      message,
      place: { ...place.position, ...(place.path ? { path: place.path } : {}) },
    })
  }
  if (!desc) say('error', 'field', `unknown type ${type}`, '')
  else if (!isObject(value)) say('error', 'field', `mapping (${desc.typeName}) expected, got ${show(value)}`, '')
  if (!desc || !isObject(value)) return { desc, json: undefined, problems, say, placeOf }

  const upgraded = types.upgrade(value, desc.typeName)
  origins = upgraded.origins
  for (const note of upgraded.notes) {
    if (note.level === 'lost') say(allowLost ? 'warning' : 'error', 'upgrade', note.message, note.path)
  }
  const { json, issues } = canonical(upgraded.json, desc, types, { allowUnknownExtensions })
  const told = new Set<string>()
  for (const { path: at, message, severity = 'error' } of issues) {
    // A deprecated field in each of a thousand routes is one thing to say.
    if (severity === 'warning' && told.has(message)) continue
    told.add(message)
    say(severity, 'field', message, at)
  }
  const isGood = problems.every((p) => p.severity !== 'error')
  // `canonical` makes a mapping of a mapping.
  return { desc, json: isGood ? (asObject(json) as CanonicalObject) : undefined, problems, say, placeOf }
}

/** The same from a text of its own, such as the annotation `kubenvoy.Cluster`. */
export function readFragmentText(input: FragmentOptions & { readonly type: string; readonly text: string }): {
  readonly json: CanonicalObject | undefined
  readonly problems: readonly Problem[]
} {
  const { text, ...rest } = input
  const { value, positions, issues } = readYaml(text)
  if (issues.length === 0) return readFragment({ ...rest, value, path: '', positions })
  const problems = issues.map(({ line, column, message }): Problem => {
    const place = line === undefined || column === undefined ? {} : { line, column }
    return { severity: 'error', code: 'yaml', message, place }
  })
  return { json: undefined, problems }
}
