// Secret of type kubernetes.io/tls: a certificate and its key. Other Secrets are never kept, and no text from one ever
// stands in a mistake (rule 8).
import type { SecretObject } from '@fleetcast/shared/objects/object'
import { z } from 'zod'
import { type Cut, cutWith, field, mistaken, type RawObject } from './cut.ts'
import { metadata, namespaceOf, present, sorted, texts } from './metadata.ts'

const TLS = 'kubernetes.io/tls'

const schema = z.object({ metadata, type: z.literal(TLS), data: texts, stringData: texts })

export function cutSecret({ raw, namespace }: RawObject): Cut {
  if (field(raw, 'type') !== TLS) return { objects: [], mistakes: [] }
  return cutWith(schema, raw, ({ metadata, data, stringData }): Cut | SecretObject => {
    const read = (key: string): string | undefined => stringData?.[key] ?? decode(data?.[key])
    const certificate = read('tls.crt')
    const privateKey = read('tls.key')
    const ca = read('ca.crt')
    if (!certificate?.includes(PEM)) return mistaken('secret', 'is no PEM certificate', ['data', 'tls.crt'])
    if (!privateKey?.includes(PEM)) return mistaken('secret', 'is no PEM private key', ['data', 'tls.key'])
    return {
      kind: 'Secret',
      namespace: namespaceOf(metadata.namespace, namespace),
      name: metadata.name,
      labels: sorted(metadata.labels),
      type: TLS,
      certificate,
      privateKey,
      ...present('ca', ca),
    }
  })
}

const PEM = '-----BEGIN '

const decode = (base64: string | undefined): string | undefined =>
  base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('utf8')
