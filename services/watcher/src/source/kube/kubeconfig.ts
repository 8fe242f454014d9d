// What a kubeconfig file, or the cluster that this process runs in, says about one API server and one user. Reads no
// certificate and no token: those rotate, and are read when they are used.
import { readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { dirname, resolve } from 'node:path'
import { readEnvironment } from '@fleetcast/shared/runtime/config'
import { type Failure, failure, reasonOf } from '@fleetcast/shared/runtime/failure'
import { EXIT_WRONG_USAGE } from '@fleetcast/shared/runtime/run'
import { parse } from 'yaml'
import { z } from 'zod'

export interface KubeAccess {
  /** Absent: the cluster that this process runs in. */
  readonly kubeconfig?: string
  readonly context?: string
}

/** Bytes that stand in the file itself, or in another one. */
export type Held = { readonly data: Uint8Array } | { readonly file: string }

export interface Account {
  readonly server: string
  readonly namespace: string
  readonly ca?: Held | undefined
  readonly cert?: Held | undefined
  readonly key?: Held | undefined
  readonly serverName?: string | undefined
  readonly skipsVerifying: boolean
  readonly proxy?: string | undefined
  readonly token?: Held | undefined
  readonly impersonates?: string | undefined
  readonly login?: { readonly username: string; readonly password: string } | undefined
  /** True where a program or a provider must be asked who this user is. */
  readonly asksPlugin: boolean
  /** The context that was chosen. */
  readonly context: string
}

const wrong = (line: string): Failure => failure(line, EXIT_WRONG_USAGE)

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'
const PLAIN_PORTS: readonly (string | undefined)[] = ['80', '8080', '8001']

// Kubernetes' own programs write null for what is not set.
const text = z
  .string()
  .nullish()
  .transform((value) => value || undefined)
const named = <K extends string, T extends z.ZodType>(key: K, value: T) =>
  z.array(z.object({ name: z.string(), [key]: value } as { name: z.ZodString } & Record<K, T>)).nullish()

const clusterForm = z.object({
  server: z.string(),
  'certificate-authority': text,
  'certificate-authority-data': text,
  'insecure-skip-tls-verify': z.boolean().nullish(),
  'tls-server-name': text,
  'proxy-url': text,
})
const userForm = z.object({
  'client-certificate': text,
  'client-certificate-data': text,
  'client-key': text,
  'client-key-data': text,
  token: text,
  tokenFile: text,
  username: text,
  password: text,
  as: text,
  exec: z.unknown().optional(),
  'auth-provider': z.unknown().optional(),
})
// Other contexts' clusters and users are nobody's business here: only those of the chosen one are read.
const kubeconfigForm = z.object({
  'current-context': text,
  clusters: named('cluster', z.unknown().optional()),
  contexts: named('context', z.object({ cluster: z.string(), user: text, namespace: text }).nullish()),
  users: named('user', z.unknown().optional()),
})

/** Throws with a message that names what is wrong, and holds no value of the file but names. */
export function readAccount({ kubeconfig, context }: KubeAccess): Account {
  if (kubeconfig === undefined) return ownCluster(context)
  let parsed: unknown
  try {
    parsed = parse(readFileSync(kubeconfig, 'utf8'), { maxAliasCount: 100 })
  } catch (error) {
    // A parser quotes the text, which holds credentials.
    const why = error instanceof Error && 'code' in error && 'errno' in error ? reasonOf(error) : 'it is no YAML'
    throw wrong(`--kubeconfig: ${kubeconfig} can not be read: ${why}`)
  }
  const file = read(kubeconfig, '', kubeconfigForm, parsed)
  const name = context ?? file['current-context']
  const chosen = file.contexts?.find((each) => each.name === name)?.context
  if (name === undefined || !chosen) {
    throw wrong(`--context: ${kubeconfig} has no context ${JSON.stringify(name ?? '')}`)
  }
  const at = (list: string, key: string | undefined) => `${list} ${JSON.stringify(key ?? '')}: `
  const cluster = file.clusters?.find((each) => each.name === chosen.cluster)?.cluster
  if (!cluster) throw wrong(`--kubeconfig: ${kubeconfig} has no cluster ${JSON.stringify(chosen.cluster)}`)
  const user = file.users?.find((each) => each.name === chosen.user)?.user ?? {}
  return accountOf({
    from: kubeconfig,
    context: name,
    namespace: chosen.namespace,
    cluster: read(kubeconfig, at('cluster', chosen.cluster), clusterForm, cluster),
    user: read(kubeconfig, at('user', chosen.user), userForm, user),
  })
}

function read<T>(file: string, where: string, form: z.ZodType<T>, value: unknown): T {
  const result = form.safeParse(value)
  if (result.success) return result.data
  const { path, message } = result.error.issues[0] ?? { path: [], message: 'is wrong' }
  throw wrong(`--kubeconfig: ${file} can not be read: ${where}${path.join('.')}: ${message}`)
}

interface Chosen {
  readonly from: string
  readonly context: string
  readonly namespace: string | undefined
  readonly cluster: z.infer<typeof clusterForm>
  readonly user: z.infer<typeof userForm>
}

function accountOf({ from, context, namespace, cluster, user }: Chosen): Account {
  const held = (data: string | undefined, file: string | undefined): Held | undefined => {
    if (data !== undefined) return { data: Buffer.from(data, 'base64') }
    return file === undefined ? undefined : { file: resolve(dirname(from), file) }
  }
  const server = cluster.server.replace(/\/$/, '')
  if (!URL.canParse(server)) throw wrong(`--kubeconfig: ${from} names no API server`)
  const skipsVerifying = cluster['insecure-skip-tls-verify'] === true
  if (server.startsWith('http:') && !skipsVerifying) {
    throw wrong(`--kubeconfig: ${from} names ${server}: plain text needs insecure-skip-tls-verify`)
  }
  const { token, tokenFile, username, password } = user
  return {
    server,
    context,
    namespace: namespace?.trim() || 'default',
    ca: held(cluster['certificate-authority-data'], cluster['certificate-authority']),
    serverName: cluster['tls-server-name'],
    skipsVerifying,
    proxy: cluster['proxy-url'],
    cert: held(user['client-certificate-data'], user['client-certificate']),
    key: held(user['client-key-data'], user['client-key']),
    // As kubectl: a token's file goes before a token, for it is newer.
    token: tokenFile !== undefined ? held(undefined, tokenFile) : token === undefined ? undefined : bytesOf(token),
    impersonates: user.as,
    login: username === undefined ? undefined : { username, password: password ?? '' },
    asksPlugin: user.exec != null || user['auth-provider'] != null,
  }
}

const bytesOf = (value: string): Held => ({ data: Buffer.from(value) })

/** What every Pod finds: the address in its environment, CA, token and namespace in files that are replaced in place. */
function ownCluster(context: string | undefined): Account {
  const from = 'the service account of this Pod'
  if (context !== undefined) throw wrong(`--context: ${from} has no context ${JSON.stringify(context)}`)
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = readEnvironment()
  const scheme = PLAIN_PORTS.includes(port) ? 'http' : 'https'
  const server = `${scheme}://${isIPv6(host ?? '') ? `[${host}]` : host}:${port}`
  if (!host || !URL.canParse(server)) {
    throw wrong(`--kubeconfig: ${from} names no API server (is this process in a cluster?)`)
  }
  let namespace = ''
  try {
    namespace = readFileSync(`${SERVICE_ACCOUNT}/namespace`, 'utf8').trim()
  } catch {
    // A Pod without the file works in the default namespace.
  }
  return {
    server,
    context: 'in-cluster',
    namespace: namespace || 'default',
    ca: { file: `${SERVICE_ACCOUNT}/ca.crt` },
    token: { file: `${SERVICE_ACCOUNT}/token` },
    skipsVerifying: scheme === 'http',
    asksPlugin: false,
  }
}
