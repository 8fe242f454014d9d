// What a Redis URL means: one server, a cluster or sentinels. Nothing here may put a password into a message.

interface Login {
  readonly username?: string
  readonly password?: string
  readonly tls: boolean
}

export interface Address {
  readonly host: string
  readonly port: number
}

export type RedisTarget =
  | ({ readonly kind: 'single'; readonly address: Address; readonly db: number } & Login)
  | ({ readonly kind: 'cluster'; readonly addresses: readonly Address[] } & Login)
  | ({
      readonly kind: 'sentinel'
      readonly addresses: readonly Address[]
      readonly master: string
      readonly db: number
    } & Login)

const FORMS =
  'redis://[user:password@]host[:port][/db], rediss://… for TLS, redis-cluster://h1,h2 or redis-sentinel://h1,h2/master[/db]'

/** `rediss-cluster` and `rediss-sentinel` are the same over TLS. Throws an error without credentials for anything else. */
export function parseRedisUrl(url: string): RedisTarget {
  const match = /^(rediss?)(-cluster|-sentinel)?:\/\/(?:([^@/]*)@)?([^/@?#]+)((?:\/[^/?#]*)*)$/.exec(url)
  if (!match) throw new Error(`not a Redis URL; write ${FORMS}`)
  const [, scheme, form, login = '', hosts = '', path = ''] = match
  const segments = path.split('/').filter((segment) => segment !== '')
  const shared = { tls: scheme === 'rediss', ...parseLogin(login) }
  const defaultPort = form === '-sentinel' ? 26_379 : 6_379
  const addresses = hosts.split(',').map((host) => parseAddress(host, defaultPort))
  const [address] = addresses
  if (form === '-cluster') {
    if (segments.length > 0) throw new Error(`a Redis cluster has no database number; write ${FORMS}`)
    return { kind: 'cluster', addresses, ...shared }
  }
  if (form === '-sentinel') {
    const [master, db, ...rest] = segments
    if (master === undefined || rest.length > 0)
      throw new Error(`sentinels need the name of the master; write ${FORMS}`)
    return { kind: 'sentinel', addresses, master, db: parseDb(db), ...shared }
  }
  if (address === undefined || addresses.length > 1 || segments.length > 1) {
    throw new Error(`redis:// takes one server; write ${FORMS}`)
  }
  return { kind: 'single', address, db: parseDb(segments[0]), ...shared }
}

/** Where it is, for messages: never with credentials. */
export function describeTarget(target: RedisTarget): string {
  const addresses = target.kind === 'single' ? [target.address] : target.addresses
  const list = addresses.map(({ host, port }) => `${host}:${port}`).join(',')
  if (target.kind === 'cluster') return `Redis cluster ${list}`
  return target.kind === 'sentinel' ? `Redis ${target.master} behind sentinels ${list}` : `Redis ${list}`
}

function parseLogin(login: string): Omit<Login, 'tls'> {
  if (login === '') return {}
  const colon = login.indexOf(':')
  const [username, password] = colon < 0 ? [login, ''] : [login.slice(0, colon), login.slice(colon + 1)]
  return { ...(username && { username: decode(username) }), ...(password && { password: decode(password) }) }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function parseAddress(text: string, defaultPort: number): Address {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(text)
  const port = Number(match?.[2] ?? defaultPort)
  if (!match?.[1] || port < 1 || port > 65_535) throw new Error(`not a Redis address: ${text}; write ${FORMS}`)
  return { host: match[1].replace(/^\[|\]$/g, ''), port }
}

function parseDb(text: string | undefined): number {
  if (text === undefined) return 0
  if (!/^\d{1,3}$/.test(text)) throw new Error(`not a Redis database number: ${text}; write ${FORMS}`)
  return Number(text)
}
