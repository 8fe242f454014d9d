// ekglue's configuration file (`apiVersion: v1alpha`) → settings. Pure. What it meant there it means here: overrides in
// order, matches joined by or, `cluster_name` before `port_name`, and DNS unless the base asks for EDS.
import { isObject } from '@fleetcast/shared/envoy/json-value'
import type { Checked, Problem } from '@fleetcast/shared/objects/problem'
import { z } from 'zod'
import type { ReadCluster } from '../compile/read-cluster.ts'
import {
  defaultSettings,
  type FleetSettings,
  type LocalityPart,
  type LocalityRule,
  namingsOf,
  type Override,
} from './settings.ts'
import { type Page, schemaProblems } from './written.ts'

export const EKGLUE_NAMING = ['{namespace}:{service}:{portName}', '{namespace}:{service}:{portName}:{udp}']

const message = z.looseObject({})
const match = z
  .looseObject({ cluster_name: z.string().optional(), port_name: z.string().optional() })
  .refine((value) => value.cluster_name || value.port_name, 'a cluster_name or port_name is needed')
const override = z
  .looseObject({ match: z.array(match).min(1), override: message.optional(), suppress: z.boolean().optional() })
  .refine(
    (value) => (value.override !== undefined) !== (value.suppress === true),
    'exactly one of `override` and `suppress: true` is needed',
  )
const source = z
  .looseObject({
    literal: z.string().optional(),
    use_hostname: z.boolean().optional(),
    label: z.string().optional(),
  })
  .nullish()
const locality = z.looseObject({ region_from: source, zone_from: source, sub_zone_from: source }).nullish()

/** Unknown fields outside of clusters are passed over, as ekglue does. */
const schema = z.looseObject({
  apiVersion: z.literal('v1alpha'),
  cluster_config: z.looseObject({ base: message, overrides: z.array(override).nullish() }).nullish(),
  endpoint_config: z.looseObject({ include_not_ready: z.boolean().nullish(), locality }).nullish(),
})

/** The value is undefined where anything in it is wrong: it is one document. */
export function readEkglue(page: Page, readCluster: ReadCluster): Checked<FleetSettings | undefined> {
  if (page.problems.length > 0) return { value: undefined, problems: page.problems }
  const parsed = schema.safeParse(page.value)
  if (!parsed.success) return { value: undefined, problems: schemaProblems(page, '', parsed.error) }
  const { cluster_config: clusters, endpoint_config: endpoints } = parsed.data
  const problems: Problem[] = []
  const read = (path: string, value: unknown) => {
    const part = readCluster(page, path, value)
    problems.push(...part.problems.filter(({ severity }) => severity === 'error'))
    return part.value
  }
  const base = clusters ? read('cluster_config.base', clusters.base) : { connect_timeout: '1s' }
  const overrides = (clusters?.overrides ?? []).map((each, i): Override => {
    const path = `cluster_config.overrides[${i}].override`
    return { matches: matchOf(each.match), cluster: each.override && read(path, each.override) }
  })
  if (!base || problems.length > 0) return { value: undefined, problems }
  return { value: settingsOf(base, overrides, endpoints), problems }
}

type Endpoints = z.infer<typeof schema>['endpoint_config']

function settingsOf(
  base: NonNullable<FleetSettings['base']>,
  overrides: readonly Override[],
  endpoints: Endpoints,
): FleetSettings {
  const settings = defaultSettings()
  return {
    ...settings,
    services: { kind: 'all' },
    naming: namingsOf(EKGLUE_NAMING),
    base,
    overrides,
    discovery: base.type === 'EDS' ? 'eds' : base.type === 'LOGICAL_DNS' ? 'logical_dns' : 'strict_dns',
    view: {
      ...settings.view,
      naming: EKGLUE_NAMING,
      notReady: endpoints?.include_not_ready ? 'degraded' : 'drop',
      locality: localityOf(endpoints?.locality),
    },
  }
}

function matchOf(matchers: readonly z.infer<typeof match>[]): Override['matches'] {
  return ({ cluster, portName }) =>
    matchers.some(({ cluster_name: name, port_name: port }) => (name ? name === cluster : port === portName))
}

function localityOf(input: z.infer<typeof locality>): LocalityRule {
  const region = partOf(input?.region_from)
  const zone = partOf(input?.zone_from)
  const subZone = partOf(input?.sub_zone_from)
  return { ...(region && { region }), ...(zone && { zone }), ...(subZone && { subZone }) }
}

function partOf(from: z.infer<typeof source>): LocalityPart | undefined {
  if (!isObject(from)) return undefined
  const { literal, use_hostname: usesHostname, label } = from
  if (typeof literal === 'string' && literal !== '') return { kind: 'literal', text: literal }
  if (usesHostname === true) return { kind: 'node' }
  return typeof label === 'string' && label !== '' ? { kind: 'label', label } : undefined
}
