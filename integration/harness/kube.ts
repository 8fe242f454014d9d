// A real API server for a test run, and the few requests that tests make to it. Not the code under test: it shares none.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Agent, type Dispatcher, request } from 'undici'
import { parse } from 'yaml'

const environment = join(import.meta.dirname, '../env')

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly [field: string]: unknown
  }
  readonly [field: string]: unknown
}

export interface Kube extends AsyncDisposable {
  /** The path of an admin's kubeconfig. */
  readonly kubeconfig: string
  readonly server: string
  /** The certificate (PEM) that its own is to be judged by. */
  readonly authority: string
  readonly dispatcher: Dispatcher
  /** Shows no client certificate: for requests that carry a token. */
  readonly anonymous: Dispatcher
  create(manifest: Manifest): Promise<Manifest>
  /** A merge patch. */
  patch(manifest: Manifest, change: object): Promise<Manifest>
  remove(manifest: Manifest): Promise<void>
  get<T = Manifest>(path: string): Promise<T>
  /** Any request; resolves with whatever status. */
  send(
    method: Dispatcher.HttpMethod,
    path: string,
    body?: unknown,
    type?: string,
  ): Promise<{ status: number; body: string }>
}

/**
 * Starts it under this name, without controllers (tests make their own EndpointSlices), unless it runs already. `flags`: more flags
 * for kube-apiserver.
 */
export function startKube(name: string, flags = ''): Kube {
  const options = {
    encoding: 'utf8' as const,
    env: { ...process.env, KUBE_CONTROLLERS: '', KUBE_FLAGS: flags },
    stdio: ['ignore', 'pipe', 'ignore'] as const,
  }
  const kubeconfig = execFileSync(join(environment, 'kube-up'), [name], {
    ...options,
    stdio: [...options.stdio],
  }).trim()
  const kube = connectKube(kubeconfig)
  return {
    ...kube,
    [Symbol.asyncDispose]: async () => {
      await Promise.allSettled([kube.dispatcher.close(), kube.anonymous.close()])
      execFileSync(join(environment, 'kube-down'), [name], { stdio: 'ignore' })
    },
  }
}

export function connectKube(kubeconfig: string): Omit<Kube, typeof Symbol.asyncDispose> {
  const { server, ...tls } = readKubeconfig(kubeconfig)
  const dispatcher = new Agent({ connect: tls, pipelining: 1, connections: 8 })
  const anonymous = new Agent({ connect: { ca: tls.ca } })
  const send: Kube['send'] = async (method, path, body, type = 'application/json') => {
    const response = await request(`${server}${path}`, {
      ...{ method, dispatcher, headers: { 'content-type': type } },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    return { status: response.statusCode, body: await response.body.text() }
  }
  const ok = async <T>(...args: Parameters<Kube['send']>): Promise<T> => {
    const { status, body } = await send(...args)
    if (status >= 300) throw new Error(`${args[0]} ${args[1]}: ${status} ${body}`)
    return JSON.parse(body) as T
  }
  return {
    kubeconfig,
    server,
    authority: tls.ca,
    dispatcher,
    anonymous,
    send,
    create: (manifest) => ok('POST', collection(manifest), manifest),
    patch: (manifest, change) => ok('PATCH', item(manifest), change, 'application/merge-patch+json'),
    remove: async (manifest) => void (await ok('DELETE', item(manifest))),
    get: (path) => ok('GET', path),
  }
}

const PLURALS: Readonly<Record<string, string>> = {
  ...{ Service: 'services', EndpointSlice: 'endpointslices', Endpoints: 'endpoints', Node: 'nodes' },
  ...{ ConfigMap: 'configmaps', Secret: 'secrets', Namespace: 'namespaces', Lease: 'leases' },
  ...{ Ingress: 'ingresses', CustomResourceDefinition: 'customresourcedefinitions' },
}
const CLUSTER_WIDE = new Set(['Node', 'Namespace', 'CustomResourceDefinition'])

function collection({ apiVersion, kind, metadata }: Manifest): string {
  const plural = PLURALS[kind]
  if (plural === undefined) throw new Error(`no plural for ${kind}`)
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const namespace = CLUSTER_WIDE.has(kind) ? '' : `/namespaces/${metadata.namespace ?? 'default'}`
  return `${group}${namespace}/${plural}`
}
const item = (manifest: Manifest): string => `${collection(manifest)}/${manifest.metadata.name}`

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: { server: string; 'certificate-authority-data': string } }]
  readonly users: readonly [{ readonly user: { 'client-certificate-data': string; 'client-key-data': string } }]
}

/** Only what kube-up writes: one cluster, one user with a client certificate. */
function readKubeconfig(path: string): { server: string; ca: string; cert: string; key: string } {
  const { clusters, users } = parse(readFileSync(path, 'utf8')) as Kubeconfig
  const decode = (text: string): string => Buffer.from(text, 'base64').toString()
  const [{ cluster }] = clusters
  const [{ user }] = users
  return {
    server: cluster.server,
    ca: decode(cluster['certificate-authority-data']),
    cert: decode(user['client-certificate-data']),
    key: decode(user['client-key-data']),
  }
}
