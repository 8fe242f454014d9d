// The shape of fleet.yaml, key by key. Strict: a key that nobody reads is a mistake, never passed over.
import { z } from 'zod'

/** One text, or a list of texts. */
const texts = z.union([z.string(), z.array(z.string()).min(1)]).transform((value) => [value].flat())
/** A message of Envoy, read later by its descriptor. */
const message = z.looseObject({})

const match = z
  .strictObject({
    cluster: texts.optional(),
    namespace: texts.optional(),
    service: texts.optional(),
    site: texts.optional(),
    portName: texts.optional(),
    port: z.union([z.number(), z.string(), z.array(z.union([z.number(), z.string()]))]).optional(),
    protocol: texts.optional(),
    labels: z.record(z.string(), z.string()).optional(),
  })
  .refine((value) => Object.keys(value).length > 0, 'an empty match is not taken for everything: use `base`')

const override = z
  .strictObject({ match, override: message.optional(), suppress: z.boolean().optional() })
  .refine(
    (value) => (value.override !== undefined) !== (value.suppress === true),
    'exactly one of `override` and `suppress: true` is needed',
  )

const localityPart = z.union([
  z.enum(['node', 'zone']),
  z.strictObject({ label: z.string() }),
  z.strictObject({ literal: z.string() }),
])
const locality = z.union([
  z.enum(['node', 'none']),
  z.strictObject({
    region: localityPart.optional(),
    zone: localityPart.optional(),
    subZone: localityPart.optional(),
  }),
])
export type LocalityInput = z.infer<typeof locality>

const services = z.union(
  [
    z.literal('all'),
    z
      .strictObject({ selector: z.string().optional(), namespaces: texts.optional() })
      .refine(
        (value) => value.selector !== undefined || value.namespaces !== undefined,
        'a selector or namespaces are needed; for every Service write `services: all`',
      ),
  ],
  { error: 'expected `all`, or a mapping with `selector`, `namespaces` or both' },
)

/** `5s`, `250ms` or a number of seconds, in milliseconds. */
const duration = z.union([z.number().nonnegative(), z.string().regex(/^\d+(\.\d+)?(ms|s|m)$/)]).transform((value) => {
  if (typeof value === 'number') return value * 1_000
  const amount = Number.parseFloat(value)
  return value.endsWith('ms') ? amount : amount * (value.endsWith('m') ? 60_000 : 1_000)
})

const grpc = z.union(
  [
    z.boolean(),
    z.strictObject({
      naming: texts.optional(),
      servers: z
        .strictObject({
          name: z
            .string()
            .refine((name) => name.split('%s').length === 2, 'it must hold %s once, where the address goes')
            .optional(),
          addresses: z
            .array(z.string().regex(/^(?:[\d.]+|\[[\da-f:.]+\]):\d+$/i, 'IP:port is expected, or [IPv6]:port'))
            .optional(),
          listener: message.optional(),
        })
        .optional(),
    }),
  ],
  { error: 'expected true or false, or a mapping with `naming` or `servers`' },
)
export type GrpcInput = z.infer<typeof grpc>

/** Each key of fleet.yaml stands for itself: a wrong one keeps its last good form, the others go on. */
export const SETTINGS = {
  nodes: z.strictObject({
    cluster: texts.optional(),
    id: texts.optional(),
    identity: texts.optional(),
  }),
  identity: texts,
  services,
  naming: texts,
  clusters: z.strictObject({ base: message.optional(), overrides: z.array(override).optional() }),
  endpoints: z.strictObject({
    discovery: z.enum(['eds', 'strict_dns', 'logical_dns']).optional(),
    notReady: z.enum(['drop', 'unhealthy', 'degraded']).optional(),
    locality: locality.optional(),
    sites: z
      .strictObject({ order: z.array(z.string()).optional(), failover: z.enum(['none', 'priority']).optional() })
      .optional(),
  }),
  grpc,
  namespaces: texts,
  removeAfter: duration,
} as const

export type SettingsKey = keyof typeof SETTINGS
export type SettingsInput = { readonly [K in SettingsKey]?: z.infer<(typeof SETTINGS)[K]> | undefined }
export type OverrideInput = z.infer<typeof override>
export type MatchInput = z.infer<typeof match>

export const isSettingsKey = (key: string): key is SettingsKey => Object.hasOwn(SETTINGS, key)
