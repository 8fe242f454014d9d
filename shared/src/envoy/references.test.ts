import { expect, test } from 'vitest'
import { formatProblem } from '../objects/problem.ts'
import { checkReferences, type Known } from './check-references.ts'
import { readDocument } from './document.ts'
import { createEnvoyTypes } from './types.ts'

const types = createEnvoyTypes()
const EXT = 'type.googleapis.com/envoy.extensions'
const HCM = `${EXT}.filters.network.http_connection_manager.v3.HttpConnectionManager`
const ROUTER = `{ name: r, typed_config: { "@type": ${EXT}.filters.http.router.v3.Router } }`
const filter = (type: string, body: string) =>
  `listeners: [ { name: l, address: { pipe: { path: /s } }, filter_chains: [ { filters: [ { name: f, typed_config: { "@type": ${type}, stat_prefix: s, ${body} } } ] } ] } ]`
const routes = (action: string) =>
  `routes: [ { name: r, virtual_hosts: [ { name: v, domains: [a], routes: [ { match: { prefix: / }, route: { ${action} } } ] } ] } ]`
const source = 'config_source: { ads: {} }'
const tlsContext = (body: string) =>
  `clusters: [ { name: c, transport_socket: { name: t, typed_config: { "@type": ${EXT}.transport_sockets.tls.v3.UpstreamTlsContext, common_tls_context: { ${body} } } } } ]`

/** References as `kind name source`, a star where the name may stand in Envoy's own bootstrap as well. */
const cases: [what: string, yaml: string, references: string[]][] = [
  ['a route', routes('cluster: a'), ['cluster a ads']],
  [
    'weights and mirrors',
    routes(
      'weighted_clusters: { clusters: [ { name: a, weight: 1 }, { name: b, weight: 1 } ] }, request_mirror_policies: [ { cluster: m } ]',
    ),
    ['cluster a ads', 'cluster b ads', 'cluster m ads'],
  ],
  ['a cluster named by a header', routes('cluster_header: x'), []],
  ['tcp_proxy', filter(`${EXT}.filters.network.tcp_proxy.v3.TcpProxy`, 'cluster: a'), ['cluster a ads']],
  [
    'tcp_proxy in a TypedStruct',
    filter(
      'type.googleapis.com/xds.type.v3.TypedStruct',
      `type_url: "${EXT}.filters.network.tcp_proxy.v3.TcpProxy", value: { statPrefix: s, cluster: a }`,
    ).replace('stat_prefix: s, ', ''),
    ['cluster a ads'],
  ],
  [
    'a route table over ADS',
    filter(HCM, `rds: { route_config_name: t, ${source} }, http_filters: [ ${ROUTER} ]`),
    ['routes t ads'],
  ],
  [
    'a route table from a file',
    filter(
      HCM,
      `rds: { route_config_name: t, config_source: { path_config_source: { path: /r } } }, http_filters: [ ${ROUTER} ]`,
    ),
    [],
  ],
  [
    'a filter that is discovered',
    filter(
      HCM,
      `rds: { route_config_name: t, ${source} }, http_filters: [ { name: e, config_discovery: { ${source}, type_urls: [${EXT}.filters.http.lua.v3.Lua] } }, ${ROUTER} ]`,
    ),
    ['routes t ads', 'extension e ads'],
  ],
  [
    'the endpoints of a cluster',
    'clusters: [ { name: c, type: EDS, eds_cluster_config: { service_name: s, eds_config: { ads: {} } } } ]',
    ['endpoints s ads'],
  ],
  [
    'the endpoints of a cluster from a server of its own',
    'clusters: [ { name: c, type: EDS, eds_cluster_config: { eds_config: { api_config_source: { api_type: GRPC, grpc_services: [ { envoy_grpc: { cluster_name: x } } ] } } } } ]',
    ['endpoints c api', 'cluster x ads *'],
  ],
  [
    'secrets',
    tlsContext('tls_certificate_sds_secret_configs: [ { name: a, sds_config: { ads: {} } }, { name: b } ]'),
    ['secret a ads', 'secret b bootstrap'],
  ],
  [
    'a scope',
    'scoped_routes: [ { name: s, route_configuration_name: t, key: { fragments: [ { string_key: a } ] } } ]',
    ['routes t ads'],
  ],
  [
    'an aggregate',
    `clusters: [ { name: c, lb_policy: CLUSTER_PROVIDED, cluster_type: { name: a, typed_config: { "@type": ${EXT}.clusters.aggregate.v3.ClusterConfig, clusters: [a, b] } } } ]`,
    ['cluster a ads', 'cluster b ads'],
  ],
]
test.each(cases)('references of %s', (_, text, references) => {
  const { items, problems } = readDocument({ name: 'fleet', text, types })
  expect(problems.filter((p) => p.severity === 'error')).toEqual([])
  const found = items.flatMap((i) => i.references)
  expect(found.map((r) => `${r.kind} ${r.name} ${r.source}${r.carriesTraffic ? '' : ' *'}`)).toEqual(references)
  expect(found.every((r) => r.position?.line === 1 && r.path !== '')).toBe(true)
})

const V2_ROUTE = `
- name: r
  virtual_hosts:
  - name: v
    domains: [a]
    routes:
    - match: { prefix: / }
      route:
        request_mirror_policy:
          cluster: gone
        cluster: here`

const nothing: Known = { clusters: new Set(), routes: new Set(), endpoints: new Set(), secrets: new Set() }
const missing: [what: string, name: string, yaml: string, known: Known, settled: boolean, problems: RegExp[]][] = [
  ['what is there', 'fleet', routes('cluster: a'), { clusters: new Set(['a']) }, true, []],
  ['what nobody asks about', 'fleet', routes('cluster: a'), {}, true, []],
  ['a route to nowhere', 'fleet', routes('cluster: a'), nothing, true, [/^error: .*there is no cluster "a"$/]],
  ['while a source is syncing', 'fleet', routes('cluster: a'), nothing, false, [/^warning: .*no cluster "a"$/]],
  [
    'in v2, at the line of its author',
    'routes.yaml',
    V2_ROUTE,
    { clusters: new Set(['here']) },
    true,
    [/:10:11 \[0\]\.virtual_hosts\[0\]\.routes\[0\]\.route\.request_mirror_policy\.cluster: .*"gone"/],
  ],
  [
    'a secret that only the bootstrap can have',
    'fleet',
    tlsContext('tls_certificate_sds_secret_configs: [ { name: b } ]'),
    nothing,
    true,
    [/^warning: .*no secret "b": it has no discovery source/],
  ],
  [
    'the cluster of a management server',
    'fleet',
    cases.find(([what]) => what.endsWith('server of its own'))![1],
    nothing,
    true,
    [/^warning: .*no endpoint assignment "c" here: the management server/, /^warning: .*own bootstrap must have it/],
  ],
]
test.each(missing)('references to nothing: %s', (_, name, text, known, settled, problems) => {
  const { items } = readDocument({ name, text, types })
  const found = checkReferences(
    items.map((i) => ({ references: i.references, place: { object: 'ConfigMap/shop/edge' } })),
    known,
    { settled },
  )
  expect(found.map(formatProblem)).toEqual(problems.map((p) => expect.stringMatching(p)))
  expect(found.every((p) => p.place.object === 'ConfigMap/shop/edge')).toBe(true)
})
