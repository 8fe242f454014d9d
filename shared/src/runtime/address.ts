// HOST:PORT as people write it on a command line. Knows no sockets.
import { isIP } from 'node:net'

export interface Address {
  /** A name, an IPv4 address or an IPv6 address without brackets. */
  readonly host: string
  /** 0: any free port. */
  readonly port: number
}

/** `host:port`, `[ipv6]:port`, or `:port` for all addresses of the machine. Undefined for anything else. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^\s:[\]/@]*)):(\d{1,5})$/.exec(text)
  if (!match) return undefined
  const [, bracketed, plain, digits] = match
  const port = Number(digits)
  if (port > 65_535 || (bracketed !== undefined && isIP(bracketed) !== 6)) return undefined
  return { host: bracketed ?? (plain || '0.0.0.0'), port }
}

export const formatAddress = ({ host, port }: Address): string => `${isIP(host) === 6 ? `[${host}]` : host}:${port}`

/** True where only this machine can connect, or be connected to. */
export const isLoopback = ({ host }: Address): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
