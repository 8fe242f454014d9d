// Route tables: domains that are unique and can match, weights that sum to something, rewrites that do not fight.
import { asList, asObject, type JsonObject, join } from '../json-value.ts'
import type { Check, CheckContext } from './check.ts'

const MAX_UINT32 = 4_294_967_295

export const checkDomains: Check = (m, c) => {
  const domains = new Map<string, string>()
  const names = new Set<string>()
  for (const [i, host] of asList(m.virtual_hosts).map(asObject).entries()) {
    const at = join('virtual_hosts', i)
    const name = String(host.name)
    if (names.has(name)) c.warn(join(at, 'name'), `a second virtual host is called "${name}"`)
    names.add(name)
    for (const [j, domain] of asList(host.domains).entries()) {
      const here = join(join(at, 'domains'), j)
      // Envoy compares domains in lower case.
      const key = String(domain).toLowerCase()
      const first = domains.get(key)
      if (first === undefined) domains.set(key, here)
      else c.error(here, `domain "${domain}" is given already, at ${first}`)
      const odd = oddDomain(key)
      if (odd) c.warn(here, `domain "${domain}" never matches: ${odd}`)
    }
  }
}

function oddDomain(domain: string): string | undefined {
  if (domain.includes('/')) return 'a domain has no path'
  return /.\*./.test(domain) ? 'a star stands only at the beginning or at the end' : undefined
}

export const checkWeightedClusters: Check = (m, c) => {
  const clusters = asList(m.clusters).map(asObject)
  for (const [i, cluster] of clusters.entries()) checkWeighted(cluster, join('clusters', i), c)
  const sum = clusters.reduce((total, { weight }) => total + Number(weight ?? 0), 0)
  if (clusters.length > 0 && sum === 0) c.error('clusters', 'the weights sum to 0, so no cluster can be chosen')
  if (sum > MAX_UINT32) c.error('clusters', 'the weights sum to more than 2^32 - 1')
  const { total_weight } = m
  if (total_weight !== undefined && Number(total_weight) !== sum) {
    c.warn('total_weight', `the weights sum to ${sum}: Envoy takes that sum and not ${total_weight}`)
  }
}

function checkWeighted({ name, cluster_header, weight }: JsonObject, at: string, c: CheckContext): void {
  if (!name && !cluster_header) c.error(at, 'a weighted cluster needs a name or a cluster_header')
  if (weight === undefined) c.error(at, 'a weighted cluster needs a weight')
  if (name && cluster_header) c.error(at, 'a weighted cluster takes only one of name and cluster_header')
}

export const checkRouteAction: Check = (m, c) => {
  const rewrites = ['prefix_rewrite', 'regex_rewrite', 'path_rewrite', 'path_rewrite_policy'].filter((f) => m[f])
  if (rewrites.length > 1) c.error('', `only one of ${rewrites.join(' and ')} may be set`)
}

/** Pseudo-headers and the host have fields of their own. */
const isFixedHeader = (name: unknown) => /^(:.*|host)$/i.test(String(name))

export const checkHeaders: Check = (m, c) => {
  for (const field of ['request_headers_to_add', 'response_headers_to_add']) {
    for (const [i, option] of asList(m[field]).entries()) {
      const { key } = asObject(asObject(option).header)
      if (isFixedHeader(key)) c.error(join(field, i), `header "${key}" may not be changed`)
    }
  }
  for (const [i, name] of asList(m.request_headers_to_remove).entries()) {
    if (isFixedHeader(name)) c.error(join('request_headers_to_remove', i), `header "${name}" may not be removed`)
  }
}
/** Messages with lists of headers to add and remove. */
export const HEADER_HOLDERS: readonly string[] = [
  'RouteConfiguration',
  'VirtualHost',
  'Route',
  'WeightedCluster.ClusterWeight',
].map((name) => `envoy.config.route.v3.${name}`)
