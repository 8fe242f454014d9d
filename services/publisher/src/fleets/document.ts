// What was read from one key of a ConfigMap, cut down to what compiling needs: plain values, so that a worker thread can
// hand them over and equal texts can share them.

import { addressesOf } from '@fleetcast/shared/envoy/check-addresses'
import { type DocumentResult, type FailedItem, readDocument } from '@fleetcast/shared/envoy/document'
import { decodeMessage } from '@fleetcast/shared/envoy/encode'
import type { DocumentItem } from '@fleetcast/shared/envoy/item'
import { readReferences } from '@fleetcast/shared/envoy/references'
import type { EnvoyTypes } from '@fleetcast/shared/envoy/types'
import type { Problem } from '@fleetcast/shared/objects/problem'
import type { Resource } from '@fleetcast/shared/resources/resource'
import { LISTENER } from '@fleetcast/shared/resources/types'

export interface DocumentResource extends Omit<DocumentItem, 'position' | 'message' | 'json'> {
  readonly line?: number
  readonly column?: number
}

export interface FleetDocument {
  /** False: the text as a whole says nothing, so everything in it keeps its last good form. */
  readonly readable: boolean
  readonly resources: readonly DocumentResource[]
  readonly failed: readonly FailedItem[]
  /** Places hold line, column and path only. */
  readonly problems: readonly Problem[]
}

/** One key of a ConfigMap. */
export interface DocumentText {
  readonly key: string
  readonly text: string
}

export type ReadFleetDocument = (key: string, text: string) => FleetDocument

export function readFleetDocument(types: EnvoyTypes, key: string, text: string): FleetDocument {
  return cutDown(readDocument({ types, name: key, text }))
}

function cutDown({ readable, items, failed, problems }: DocumentResult): FleetDocument {
  const resources = items.map((item): DocumentResource => {
    const { message: _, json: __, position, ...kept } = item
    return { ...kept, ...position }
  })
  return { readable, resources, failed, problems }
}

/** What can be told of a resource of which only the bytes are left: places are not known any more. */
export type Facts = Pick<DocumentResource, 'references' | 'listensAt'>

export function factsOf(types: EnvoyTypes, { type, bytes }: Resource): Facts {
  const desc = types.message(type)
  if (!desc) return { references: [] }
  const message = decodeMessage(type, bytes, types)
  const references = readReferences(message, desc, types).map((each) => ({ ...each, position: undefined }))
  return { references, ...(type === LISTENER ? { listensAt: addressesOf(message) } : {}) }
}
