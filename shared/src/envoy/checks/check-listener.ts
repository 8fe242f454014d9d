// A listener: where it listens, what it does with a connection, and that no two of its chains ask for the same one.
import { isIP } from 'node:net'
import { asList, asObject, type JsonObject, join } from '../json-value.ts'
import type { Check, CheckContext } from './check.ts'

export const checkListener: Check = (m, c) => {
  if (m.api_listener !== undefined) return
  if (m.address === undefined && m.internal_listener === undefined) c.error('', 'a listener needs an address')
  checkHost(m, c)
  const chains = asList(m.filter_chains)
  const isUdp = asObject(asObject(m.address).socket_address).protocol === 'UDP'
  if (chains.length === 0 && m.default_filter_chain === undefined && !isUdp)
    c.error('', 'a listener needs filter_chains')
  // With a matcher of its own a listener finds its chains by name.
  if (m.filter_chain_matcher === undefined) checkMatches(chains.map(asObject), c.error)
}

/** A listener resolves no names. */
function checkHost(m: JsonObject, c: CheckContext): void {
  const { address, resolver_name } = asObject(asObject(m.address).socket_address)
  if (typeof address !== 'string' || isIP(address) !== 0 || resolver_name) return
  c.error('address.socket_address.address', `"${address}" is no IP address, and a listener resolves no names`)
}

function checkMatches(chains: readonly JsonObject[], error: (field: string, message: string) => void): void {
  const seen = new Map<string, number>()
  for (const [i, chain] of chains.entries()) {
    const key = matchKey(asObject(chain.filter_chain_match))
    const first = seen.get(key)
    if (first !== undefined)
      error(join('filter_chains', i), `its filter_chain_match is that of filter_chains[${first}]`)
    else seen.set(key, i)
  }
}

/** Equal matches have equal keys, whatever the order of fields and of lists, in which order means nothing. */
function matchKey(match: JsonObject): string {
  const fields = Object.entries(match).filter(([, v]) => !Array.isArray(v) || v.length > 0)
  const parts = fields.map(([k, v]) => [k, Array.isArray(v) ? v.map((x) => JSON.stringify(x)).sort() : v])
  return JSON.stringify(parts.sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1)))
}
