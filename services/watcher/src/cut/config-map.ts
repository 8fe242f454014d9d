// ConfigMap: its texts and labels. `binaryData` holds no configuration and is dropped.
import type { ConfigMapObject } from '@fleetcast/shared/objects/object'
import { z } from 'zod'
import { type Cut, cutWith, type RawObject } from './cut.ts'
import { metadata, namespaceOf, present, sorted, texts } from './metadata.ts'

const schema = z.object({ metadata, data: texts })

export function cutConfigMap({ raw, namespace, origin }: RawObject): Cut {
  return cutWith(
    schema,
    raw,
    ({ metadata, data }): ConfigMapObject => ({
      kind: 'ConfigMap',
      namespace: namespaceOf(metadata.namespace, namespace),
      name: metadata.name,
      labels: sorted(metadata.labels),
      data: sorted(data),
      ...present('origin', origin),
    }),
  )
}
