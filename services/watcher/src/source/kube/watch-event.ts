// One line of a watch. Pure.
import { field } from '../../cut/cut.ts'

export type WatchEvent =
  | { readonly kind: 'object'; readonly gone: boolean; readonly raw: unknown; readonly version: string }
  | { readonly kind: 'bookmark'; readonly version: string; readonly initialEnd: boolean }
  | { readonly kind: 'error'; readonly code: number; readonly status: unknown }
  /** Not what a watch sends: nothing that follows can be trusted to be complete. */
  | { readonly kind: 'garbage'; readonly reason: string }

const INITIAL_END = 'k8s.io/initial-events-end'

export function readWatchEvent(line: string): WatchEvent {
  let event: unknown
  try {
    event = JSON.parse(line)
  } catch {
    return { kind: 'garbage', reason: `a line of ${line.length} characters is no JSON` }
  }
  const type = field(event, 'type')
  const object = field(event, 'object')
  if (type === 'ERROR') return { kind: 'error', code: Number(field(object, 'code')) || 500, status: object }
  const metadata = field(object, 'metadata')
  const version = field(metadata, 'resourceVersion')
  if (typeof version !== 'string' || version === '')
    return { kind: 'garbage', reason: 'an event has no resourceVersion' }
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { kind: 'object', gone: type === 'DELETED', raw: object, version }
    case 'BOOKMARK':
      return { kind: 'bookmark', version, initialEnd: field(field(metadata, 'annotations'), INITIAL_END) === 'true' }
    default:
      return { kind: 'garbage', reason: `an event has the type ${JSON.stringify(type)}` }
  }
}
