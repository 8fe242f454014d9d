// Naming: how a cluster's name says which port of which Service it stands for, and back. Pure.

/** `{port}` writes the number, `{portName}` the name where there is one; read back, both find a port by either. */
export const DEFAULT_NAMING = '{namespace}/{service}/{portName}'

/** `{udp}` is `udp`, for UDP ports only: ekglue's suffix. */
const PLACEHOLDERS = ['namespace', 'service', 'port', 'portName', 'protocol', 'site', 'udp'] as const
export type Placeholder = (typeof PLACEHOLDERS)[number]

export interface Naming {
  readonly template: string
  readonly parts: readonly (Placeholder | { readonly text: string })[]
}

export interface PortNames {
  readonly namespace: string
  readonly service: string
  readonly site: string
  readonly port: number
  readonly portName?: string | undefined
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
}

/** What a name says, as far as it says it. */
export interface PortRef {
  readonly namespace: string
  readonly service: string
  /** The port by number or name. */
  readonly port: string
  readonly protocol: 'TCP' | 'UDP'
  readonly site?: string
}

/** The naming, or what is wrong with its template. */
export function readNaming(template: string): Naming | { readonly mistake: string } {
  const parts: (Placeholder | { text: string })[] = []
  for (const piece of template.split(/(\{[^{}]*\})/).filter((text) => text !== '')) {
    const word = /^\{(.*)\}$/.exec(piece)?.[1]
    const known = PLACEHOLDERS.find((placeholder) => placeholder === word)
    if (word !== undefined && !known) {
      return { mistake: `unknown placeholder {${word}}: known are ${PLACEHOLDERS.slice(0, 6).join(', ')}` }
    }
    parts.push(known ?? { text: piece })
  }
  const has = (each: Placeholder): boolean => parts.includes(each)
  if (!has('namespace') || !has('service')) return { mistake: 'it must hold {namespace} and {service}' }
  if (!has('port') && !has('portName')) return { mistake: 'it must hold {port} or {portName}' }
  const adjacent = parts.some((part, i) => typeof part === 'string' && typeof parts[i + 1] === 'string')
  return adjacent ? { mistake: 'two placeholders need a text between them' } : { template, parts }
}

/** Undefined where the naming leaves the port out: UDP only with `{protocol}`, SCTP never. */
export function nameOf(naming: Naming, names: PortNames): string | undefined {
  const { protocol } = names
  const speaksUdp = naming.parts.includes('protocol') || naming.parts.includes('udp')
  if (protocol === 'SCTP' || (protocol === 'UDP' && !speaksUdp)) return undefined
  if (protocol === 'TCP' && naming.parts.includes('udp')) return undefined
  return naming.parts.map((part) => (typeof part === 'string' ? write(part, names) : part.text)).join('')
}

function write(part: Placeholder, names: PortNames): string {
  switch (part) {
    case 'port':
      return String(names.port)
    case 'portName':
      return names.portName ?? String(names.port)
    case 'protocol':
      return names.protocol.toLowerCase()
    case 'udp':
      return 'udp'
    default:
      return names[part]
  }
}

const ALLOWED: Readonly<Record<Placeholder, RegExp>> = {
  namespace: /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/,
  service: /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/,
  port: /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/i,
  portName: /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/i,
  protocol: /^(?:tcp|udp)$/,
  site: /^[^/]+$/,
  udp: /^udp$/,
}

/** Every way to read the name: a template whose texts may occur in names (`{namespace}-{service}`) has several. */
export function refsOf(naming: Naming, name: string): readonly PortRef[] {
  const refs: PortRef[] = []
  read(naming.parts, 0, name, {}, (found) => {
    const { namespace = '', service = '', port = found.portName ?? '', protocol, udp, site } = found
    const isUdp = protocol === 'udp' || udp !== undefined
    refs.push({ namespace, service, port, protocol: isUdp ? 'UDP' : 'TCP', ...(site === undefined ? {} : { site }) })
  })
  return refs
}

type Found = Readonly<Partial<Record<Placeholder, string>>>

function read(parts: Naming['parts'], at: number, rest: string, found: Found, report: (found: Found) => void): void {
  const part = parts[at]
  if (part === undefined) {
    if (rest === '') report(found)
    return
  }
  if (typeof part !== 'string') {
    if (rest.startsWith(part.text)) read(parts, at + 1, rest.slice(part.text.length), found, report)
    return
  }
  const take = (end: number): void => {
    const value = rest.slice(0, end)
    const isConsistent = found[part] === undefined || found[part] === value
    if (isConsistent && ALLOWED[part].test(value)) {
      read(parts, at + 1, rest.slice(end), { ...found, [part]: value }, report)
    }
  }
  const next = parts[at + 1]
  if (next === undefined || typeof next === 'string') {
    take(rest.length)
    return
  }
  for (let end = rest.indexOf(next.text); end >= 0; end = rest.indexOf(next.text, end + 1)) take(end)
}
