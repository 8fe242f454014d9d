// Node: its labels, for localities. Nodes report their status all the time; nothing of it is kept.
import type { NodeObject } from '@fleetcast/shared/objects/object'
import { z } from 'zod'
import { type Cut, cutWith, type RawObject } from './cut.ts'
import { metadata, sorted } from './metadata.ts'

const schema = z.object({ metadata })

export function cutNode({ raw }: RawObject): Cut {
  return cutWith(
    schema,
    raw,
    ({ metadata }): NodeObject => ({
      kind: 'Node',
      namespace: '',
      name: metadata.name,
      labels: sorted(metadata.labels),
    }),
  )
}
