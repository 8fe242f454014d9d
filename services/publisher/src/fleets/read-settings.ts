// fleet.yaml → settings. Pure. Each top-level key stands for itself: where it is wrong, `last` (what the key said when it
// was last right) or the default takes its place, and the rest goes on (design rule 5).
import { asObject, isObject } from '@fleetcast/shared/envoy/json-value'
import { suggest } from '@fleetcast/shared/envoy/suggest'
import type { Problem } from '@fleetcast/shared/objects/problem'
import type { NodeMatch } from '@fleetcast/shared/store/directory'
import type { ReadCluster } from '../compile/read-cluster.ts'
import { globOf, type Matches } from './glob.ts'
import { readNaming } from './naming.ts'
import { readSelector } from './selector.ts'
import {
  type FleetSettings,
  type GrpcSettings,
  type LocalityPart,
  type LocalityRule,
  NODE_LOCALITY,
  namingsOf,
  type Override,
  SERVER_NAME,
  type ServiceChoice,
  type Subject,
  TARGET_NAMING,
  type ViewSettings,
} from './settings.ts'
import {
  type GrpcInput,
  isSettingsKey,
  type LocalityInput,
  type MatchInput,
  SETTINGS,
  type SettingsInput,
  type SettingsKey,
} from './settings-schema.ts'
import { fieldProblem, type GoodKey, type Page, schemaProblems } from './written.ts'

export type GoodKeys = Readonly<Partial<Record<SettingsKey, GoodKey>>>

export interface ReadSettings {
  readonly settings: FleetSettings
  readonly problems: readonly Problem[]
  /** To be given back as `last` when the text changes. */
  readonly good: GoodKeys
}

const KEYS = Object.keys(SETTINGS).filter(isSettingsKey)

export interface SettingsPage {
  readonly page: Page
  readonly last: GoodKeys
  readonly preset: FleetSettings
  readonly readCluster: ReadCluster
}

export function readSettings({ page, last, preset, readCluster }: SettingsPage): ReadSettings {
  const problems: Problem[] = [...page.problems]
  const isReadable = page.problems.length === 0
  if (isReadable && !isObject(page.value)) problems.push(fieldProblem(page.at(''), 'a mapping of settings is expected'))
  const value = isReadable ? asObject(page.value) : undefined
  for (const key of Object.keys(value ?? {})) {
    if (!isSettingsKey(key)) problems.push(fieldProblem(page.at(key), `unknown key "${key}"${suggest(key, KEYS)}`))
  }
  const good: Partial<Record<SettingsKey, GoodKey>> = {}
  for (const key of KEYS) {
    const wrong = value === undefined ? [] : keyProblems(page, key, value[key], readCluster)
    problems.push(...wrong)
    // A text that can't be read says nothing of any key: all keep what they said.
    const kept = value === undefined || wrong.length > 0 ? last[key] : { page, raw: value[key] }
    if (kept !== undefined && kept.raw !== undefined && kept.raw !== null) good[key] = kept
  }
  const hidesIdentity =
    saysWrong(value?.identity, good.identity) || saysWrong(asObject(value?.nodes).identity, good.nodes)
  const settings = settingsOf(good, preset, { hidesIdentity, readCluster })
  if (settings.grpc && settings.discovery === 'strict_dns') {
    const message = 'gRPC refuses clusters that are strict_dns: take eds or logical_dns for `endpoints.discovery`'
    problems.push(fieldProblem(page.at('grpc'), message))
  }
  return { settings, problems, good }
}

/** Something was said, but it was wrong and nothing right was said before. */
const saysWrong = (raw: unknown, kept: GoodKey | undefined): boolean => raw !== undefined && kept === undefined

function keyProblems(page: Page, key: SettingsKey, raw: unknown, readCluster: ReadCluster): readonly Problem[] {
  if (raw === undefined || raw === null) return []
  const parsed = SETTINGS[key].safeParse(raw)
  if (!parsed.success) return schemaProblems(page, key, parsed.error)
  const mistakes: Problem[] = []
  if (key === 'naming') mistakes.push(...namingMistakes(page, key, SETTINGS.naming.parse(raw)))
  if (key === 'grpc') mistakes.push(...namingMistakes(page, 'grpc.naming', grpcOf(SETTINGS.grpc.parse(raw))?.naming))
  if (key === 'services') {
    const choice = SETTINGS.services.parse(raw)
    const selector = choice === 'all' || choice.selector === undefined ? undefined : readSelector(choice.selector)
    if (selector && 'mistake' in selector) mistakes.push(fieldProblem(page.at('services.selector'), selector.mistake))
  }
  if (key === 'clusters') mistakes.push(...clusterParts(page, raw, readCluster).flatMap(({ problems }) => problems))
  return mistakes.filter(({ severity }) => severity === 'error')
}

function namingMistakes(page: Page, path: string, templates: readonly string[] = []): readonly Problem[] {
  return templates.flatMap((template) => {
    const naming = readNaming(template)
    return 'mistake' in naming ? [fieldProblem(page.at(path), `naming "${template}": ${naming.mistake}`)] : []
  })
}

/** The base, then what each override says; undefined where it leaves the cluster out. */
function clusterParts(page: Page, raw: unknown, readCluster: ReadCluster) {
  const { base, overrides = [] } = SETTINGS.clusters.parse(raw)
  const nothing = { value: undefined, problems: [] }
  return [
    base ? readCluster(page, 'clusters.base', base) : nothing,
    ...overrides.map(({ override }, i) =>
      override ? readCluster(page, `clusters.overrides[${i}].override`, override) : nothing,
    ),
  ]
}

interface SettingsContext {
  readonly hidesIdentity: boolean
  readonly readCluster: ReadCluster
}

function settingsOf(good: GoodKeys, preset: FleetSettings, context: SettingsContext): FleetSettings {
  const input: Record<string, unknown> = {}
  for (const key of KEYS) if (good[key]) input[key] = SETTINGS[key].parse(good[key].raw)
  // Each value was made by the schema of its key.
  const { nodes, identity, services, naming, clusters, endpoints, namespaces, removeAfter } = input as SettingsInput
  const grpc = grpcSettings(good.grpc)
  const [base, ...parts] = good.clusters
    ? clusterParts(good.clusters.page, good.clusters.raw, context.readCluster).map(({ value }) => value)
    : []
  const templates = naming ?? preset.naming.map(({ template }) => template)
  return {
    ...preset,
    nodes: nodesOf(nodes, identity, context.hidesIdentity) ?? preset.nodes,
    services: services === undefined ? unsaidChoice(preset, grpc) : choiceOf(services),
    naming: namingsOf(templates),
    base: base ?? preset.base,
    overrides: [
      ...preset.overrides,
      ...(clusters?.overrides ?? []).map(({ match }, i) => ({ matches: matchOf(match), cluster: parts[i] })),
    ],
    discovery: endpoints?.discovery ?? preset.discovery,
    view: viewOf(endpoints, templates, preset.view),
    grpc,
    namespaces: namespaces ?? [],
    removeAfterMs: removeAfter ?? preset.removeAfterMs,
  }
}

/** What was said of gRPC beside `true`; undefined where nothing is wanted. */
const grpcOf = (input: GrpcInput): Exclude<GrpcInput, boolean> | undefined => (input === true ? {} : input || undefined)

function grpcSettings(said: GoodKey | undefined): GrpcSettings | undefined {
  const grpc = said && grpcOf(SETTINGS.grpc.parse(said.raw))
  if (!said || !grpc) return undefined
  const { name = SERVER_NAME, addresses = [], listener } = grpc.servers ?? {}
  // The text and not what the schema made of it: places are those of the text.
  const written = asObject(asObject(asObject(said.raw).servers).listener)
  return {
    naming: namingsOf(grpc.naming ?? [TARGET_NAMING]),
    servers: { name, addresses, listener: listener && { page: said.page, value: written } },
  }
}

/** gRPC's clients refer to Services in their own code, which nobody can see: all can be asked for. */
const unsaidChoice = (preset: FleetSettings, grpc: GrpcSettings | undefined): ServiceChoice =>
  grpc && preset.services.kind === 'referred' ? { kind: 'all' } : preset.services

/** Who may have a fleet is never opened by a mistake: what can't be read lets nobody in (design rule 10). */
function nodesOf(
  nodes: SettingsInput['nodes'],
  identity: readonly string[] | undefined,
  hidesIdentity: boolean,
): NodeMatch | undefined {
  const allowed = [...(nodes?.identity ?? []), ...(identity ?? [])]
  const isRuled = nodes?.identity !== undefined || identity !== undefined || hidesIdentity
  if (nodes === undefined && !isRuled) return undefined
  return {
    ...(nodes?.cluster && { cluster: nodes.cluster }),
    ...(nodes?.id && { id: nodes.id }),
    ...(isRuled ? { identity: allowed } : {}),
  }
}

function choiceOf(services: NonNullable<SettingsInput['services']>): ServiceChoice {
  if (services === 'all') return { kind: 'all' }
  const selects = services.selector === undefined ? () => true : readSelector(services.selector)
  if (typeof selects !== 'function') return { kind: 'referred' }
  return { kind: 'chosen', selects, namespaces: (services.namespaces ?? []).map(globOf) }
}

/** Fields are joined by and; within a field, any of its globs. */
function matchOf({ port, labels, ...texts }: MatchInput): Override['matches'] {
  const terms = Object.entries(texts).map(([field, globs]) => termOf(field as keyof typeof texts, globs ?? []))
  const ports = port === undefined ? undefined : [port].flat().map((each) => globOf(String(each)))
  if (ports) terms.push((subject) => ports.some((matches) => matches(String(subject.port))))
  for (const [label, glob] of Object.entries(labels ?? {})) {
    const matches = globOf(glob)
    terms.push((subject) => subject.labels[label] !== undefined && matches(subject.labels[label]))
  }
  return (subject) => terms.every((term) => term(subject))
}

function termOf(
  field: 'cluster' | 'namespace' | 'service' | 'site' | 'portName' | 'protocol',
  globs: readonly string[],
): (subject: Subject) => boolean {
  const matchers: readonly Matches[] = globs.map(globOf)
  return (subject) => {
    const text = subject[field]
    return text !== undefined && matchers.some((matches) => matches(field === 'protocol' ? text.toUpperCase() : text))
  }
}

function viewOf(endpoints: SettingsInput['endpoints'], naming: readonly string[], preset: ViewSettings): ViewSettings {
  return {
    naming,
    notReady: endpoints?.notReady ?? preset.notReady,
    locality: endpoints?.locality === undefined ? preset.locality : localityOf(endpoints.locality),
    sites: {
      order: endpoints?.sites?.order ?? preset.sites.order,
      failover: endpoints?.sites?.failover ?? preset.sites.failover,
    },
  }
}

function localityOf(input: LocalityInput): LocalityRule {
  if (input === 'node') return NODE_LOCALITY
  if (input === 'none') return {}
  const part = (value: LocalityInput & object, name: 'region' | 'zone' | 'subZone'): LocalityPart | undefined => {
    const given = value[name]
    if (given === undefined) return undefined
    if (typeof given === 'string') return { kind: given }
    return 'label' in given ? { kind: 'label', label: given.label } : { kind: 'literal', text: given.literal }
  }
  const [region, zone, subZone] = [part(input, 'region'), part(input, 'zone'), part(input, 'subZone')]
  return { ...(region && { region }), ...(zone && { zone }), ...(subZone && { subZone }) }
}
