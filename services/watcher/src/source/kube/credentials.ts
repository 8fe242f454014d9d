// Who we are to an API server and how it proves itself, read anew when files rotate. Contents are never logged (rule 8).
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { RequestOptions } from 'node:https'
import { dirname, resolve } from 'node:path'
import { failure, reasonOf } from '@fleetcast/shared/runtime/failure'
import { KubeConfig } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { field } from '../../cut/cut.ts'

export interface KubeAccess {
  /** Absent: the cluster that this process runs in. */
  readonly kubeconfig?: string
  readonly context?: string
}

export interface Credentials {
  readonly server: string
  readonly headers: Readonly<Record<string, string>>
  readonly tls: Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>
  readonly proxy?: string
  /** Equal while connections made with them can be used on. */
  readonly fingerprint: string
}

export interface Identity {
  readonly config: KubeConfig
  /** The client library does not know kubeconfig's own word for it. */
  readonly tokenFile?: string
}

/** Reads all files again. Throws with a message that names what is wrong. */
export function readIdentity({ kubeconfig, context }: KubeAccess): Identity {
  const config = new KubeConfig()
  const from = kubeconfig ?? 'the service account of this Pod'
  try {
    if (kubeconfig === undefined) config.loadFromCluster()
    else config.loadFromFile(kubeconfig)
  } catch (error) {
    throw failure(`--kubeconfig: ${from} can not be read: ${reasonOf(error)}`)
  }
  if (context !== undefined) config.setCurrentContext(context)
  if (!config.getContextObject(config.getCurrentContext())) {
    throw failure(`--context: ${from} has no context ${JSON.stringify(config.getCurrentContext())}`)
  }
  const server = config.getCurrentCluster()?.server
  if (server === undefined || !URL.canParse(server)) {
    throw failure(`--kubeconfig: ${from} names no API server (is this process in a cluster?)`)
  }
  const tokenFile = kubeconfig === undefined ? undefined : tokenFileOf(kubeconfig, config.getCurrentUser()?.name)
  return { config, ...(tokenFile === undefined ? {} : { tokenFile }) }
}

function tokenFileOf(kubeconfig: string, user: string | undefined): string | undefined {
  const users = field(parse(readFileSync(kubeconfig, 'utf8')), 'users')
  const entry: unknown = Array.isArray(users) ? users.find((entry) => field(entry, 'name') === user) : undefined
  const file = field(field(entry, 'user'), 'tokenFile')
  return typeof file === 'string' ? resolve(dirname(kubeconfig), file) : undefined
}

/** The credentials as they are now: certificates and tokens are read from their files, a plugin is asked when its token expired. */
export async function readCredentials({ config, tokenFile }: Identity): Promise<Credentials> {
  const options: RequestOptions = {}
  const token = tokenFile === undefined ? undefined : (await readFile(tokenFile, 'utf8')).trim()
  await config.applyToHTTPSOptions(options)
  const cluster = config.getCurrentCluster()
  const { ca, cert, key, servername, rejectUnauthorized } = options
  const tls = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  }
  const server = cluster?.server ?? ''
  const bearer = token === undefined ? {} : { Authorization: `Bearer ${token}` }
  const basic = options.auth ? { Authorization: `Basic ${Buffer.from(options.auth).toString('base64')}` } : {}
  return {
    server,
    headers: { ...textHeaders(options.headers), ...basic, ...bearer },
    tls,
    ...(cluster?.proxyUrl ? { proxy: cluster.proxyUrl } : {}),
    fingerprint: fingerprintOf([server, cluster?.proxyUrl, ca, cert, key, servername, rejectUnauthorized]),
  }
}

const textHeaders = (headers: RequestOptions['headers']): Record<string, string> =>
  Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value).trim()]))

function fingerprintOf(parts: readonly unknown[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(Buffer.isBuffer(part) ? part : String(part)).update('\0')
  return hash.digest('hex')
}

/** Changes when the kubeconfig itself was written anew. */
export function stampOf({ kubeconfig }: KubeAccess): string {
  if (kubeconfig === undefined) return ''
  try {
    return createHash('sha256').update(readFileSync(kubeconfig)).digest('hex')
  } catch {
    return ''
  }
}

/** Where this process's own objects (the Lease) live. */
export const namespaceOf = ({ config }: Identity): string =>
  config.getContextObject(config.getCurrentContext())?.namespace?.trim() || 'default'
