// Who we are to an API server and how it proves itself, read anew when files rotate. Contents are never logged (rule 8).
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { RequestOptions } from 'node:https'
import { failure, reasonOf } from '@fleetcast/shared/runtime/failure'
import { KubeConfig } from '@kubernetes/client-node'

export interface KubeAccess {
  /** Absent: the cluster that this process runs in. */
  readonly kubeconfig?: string
  readonly context?: string
}

export interface Credentials {
  readonly server: string
  /** Where this process's own objects (the Lease) live. */
  readonly namespace: string
  readonly headers: Readonly<Record<string, string>>
  readonly tls: Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>
  readonly proxy?: string
  /** Equal while connections made with them can be used on. */
  readonly fingerprint: string
}

/** Reads all files again. Throws with a message that names what is wrong. */
export function readKubeConfig({ kubeconfig, context }: KubeAccess): KubeConfig {
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
  return config
}

/** The credentials as they are now: certificates and tokens are read from their files, a plugin is asked when its token expired. */
export async function readCredentials(config: KubeConfig): Promise<Credentials> {
  const options: RequestOptions = {}
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
  const basic = options.auth ? { Authorization: `Basic ${Buffer.from(options.auth).toString('base64')}` } : {}
  return {
    server,
    namespace: config.getContextObject(config.getCurrentContext())?.namespace || 'default',
    headers: { ...textHeaders(options.headers), ...basic },
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
