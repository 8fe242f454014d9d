// deploy/kubernetes against a real API server: it takes every manifest, their Pods are as restricted as the namespace demands,
// and what the watcher's account may do is what the image's watcher needs, started as its Deployment says.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers'
import { request } from 'undici'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWith } from '../harness/describe-with.ts'
import { freePort } from '../harness/free-port.ts'
import { buildImage } from '../harness/image.ts'
import { type Kube, type Manifest, startKube } from '../harness/kube.ts'
import { kustomize } from '../harness/kustomize.ts'
import { type RedisServer, startRedis } from '../harness/redis.ts'
import { type TempFolder, tempFolder } from '../harness/temp-folder.ts'
import { waitFor } from '../harness/wait-for.ts'

const folder = join(import.meta.dirname, '../../deploy/kubernetes')
const of = (name: string): string => join(folder, name)
const component = (name: string): string => join(folder, 'components', name)
const SEAL_KEY = Buffer.alloc(32, 7).toString('base64')

const VARIANTS: readonly (readonly [string, readonly Manifest[]])[] = [
  ['base', kustomize(of('base'))],
  ['site', kustomize(of('site'))],
  ['with-redis', kustomize(of('with-redis'))],
  ['example', kustomize(of('example'))],
  ['base with secrets', kustomize(of('base'), [component('secrets')])],
  ['base with tls', kustomize(of('base'), [component('tls')])],
  ['base with autoscaling', kustomize(of('base'), [component('autoscaling')])],
]

/** What is read of a workload. */
interface Workload extends Manifest {
  readonly spec: {
    readonly template: { readonly metadata: object; readonly spec: PodSpec }
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[]
  }
}
const isWorkload = ({ kind }: Manifest): boolean => kind === 'Deployment' || kind === 'StatefulSet'

interface PodSpec {
  readonly volumes?: readonly object[]
  readonly serviceAccountName?: string
  readonly containers: readonly [{ readonly args: string[]; readonly env: readonly Variable[] }]
}
interface Variable {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } }
}

describeWith(['kube', 'redis', 'docker'], 'deploy/kubernetes', () => {
  const parts = new AsyncDisposableStack()
  let kube: Kube
  let redis: RedisServer
  let files: TempFolder
  let image = ''

  /** Where an object of the kind lives, as the API server says. */
  const pathOf = async ({ apiVersion, kind, metadata }: Manifest): Promise<string> => {
    const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
    type Resource = { readonly name: string; readonly kind: string; readonly namespaced: boolean }
    const { resources } = await kube.get<{ resources: readonly Resource[] }>(group)
    const found = resources.find((resource) => resource.kind === kind && !resource.name.includes('/'))
    if (!found) throw new Error(`the API server knows no ${kind} of ${apiVersion}`)
    return `${group}${found.namespaced ? `/namespaces/${metadata.namespace}` : ''}/${found.name}`
  }
  /** Server-side apply, with unknown fields refused. */
  const apply = async (manifest: Manifest, isDry: boolean): Promise<string> => {
    const query = `fieldManager=test&force=true&fieldValidation=Strict${isDry ? '&dryRun=All' : ''}`
    const path = `${await pathOf(manifest)}/${manifest.metadata.name}?${query}`
    const { status, body } = await kube.send('PATCH', path, manifest, 'application/apply-patch+yaml')
    return status < 300 ? 'taken' : `${manifest.kind} ${manifest.metadata.name}: ${status} ${body}`
  }
  const applyAll = async (manifests: readonly Manifest[], isDry = false): Promise<void> => {
    for (const manifest of manifests) expect(await apply(manifest, isDry)).toBe('taken')
  }
  const secret = (name: string, data: Readonly<Record<string, string>>, type = 'Opaque'): Manifest => ({
    ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'fleetcast' } },
    ...{ type, stringData: data },
  })
  const token = async (account: string): Promise<string> => {
    const path = `/api/v1/namespaces/fleetcast/serviceaccounts/${account}/token`
    const { status, body } = await kube.send('POST', path, {
      ...{ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
    })
    if (status >= 300) throw new Error(body)
    return (JSON.parse(body) as { status: { token: string } }).status.token
  }

  /** The container of a Deployment as a kubelet would start it, on this machine's network. Gives its admin address too. */
  const run = async (workload: Workload): Promise<{ container: StartedTestContainer; admin: string }> => {
    const { containers, serviceAccountName = '' } = workload.spec.template.spec
    const [{ args, env }] = containers
    const account = join(files.path, serviceAccountName)
    mkdirSync(account, { recursive: true, mode: 0o755 })
    for (const [name, text] of Object.entries({
      token: await token(serviceAccountName),
      namespace: workload.metadata.namespace ?? '',
      'ca.crt': kube.authority,
    }))
      writeFileSync(join(account, name), text, { mode: 0o644 })
    const admin = `127.0.0.1:${await freePort()}`
    const { hostname, port } = new URL(kube.server)
    const container = await new GenericContainer(image)
      .withNetworkMode('host')
      .withCommand([...args])
      .withEnvironment({
        ...Object.fromEntries(await Promise.all(env.map(async (each) => [each.name, await textOf(each)] as const))),
        ...{ KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port, FLEETCAST_ADMIN: admin },
      })
      .withBindMounts([{ source: account, target: '/var/run/secrets/kubernetes.io/serviceaccount', mode: 'ro' }])
      .withWaitStrategy(Wait.forAll([]))
      .start()
    parts.defer(() =>
      container
        .stop({ timeout: 0 })
        .then(() => undefined)
        .catch(() => undefined),
    )
    return { container, admin }
  }
  const textOf = async ({ value, valueFrom }: Variable): Promise<string> => {
    if (!valueFrom) return value ?? ''
    const { name, key } = valueFrom.secretKeyRef
    const { data } = await kube.get<{ data: Record<string, string> }>(`/api/v1/namespaces/fleetcast/secrets/${name}`)
    return Buffer.from(data[key] ?? '', 'base64').toString()
  }
  const ask = async (admin: string, path: string): Promise<string> => {
    const { statusCode, body } = await request(`http://${admin}${path}`)
    const text = await body.text()
    return statusCode === 200 ? text : `${statusCode}: ${text}`
  }
  const leads = async (admin: string): Promise<boolean> => /"standing":\s*"leads"/.test(await ask(admin, '/status'))

  beforeAll(async () => {
    kube = parts.use(startKube('deploy'))
    redis = parts.use(await startRedis())
    files = parts.use(tempFolder())
    image = buildImage()
    const namespace = kustomize(of('site')).find(({ kind }) => kind === 'Namespace')
    if (namespace) await applyAll([namespace])
    await applyAll([
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'fleetcast' } },
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'default' } },
      secret('fleetcast-redis', { url: redis.url }),
      secret('fleetcast-seal-key', { key: SEAL_KEY }),
    ])
  }, 600_000)

  afterAll(() => parts.disposeAsync(), 60_000)

  it.each(VARIANTS)('the API server takes %s', async (_name, manifests) => {
    expect(manifests.length).toBeGreaterThan(2)
    await applyAll(manifests, true)
  })

  it.each(VARIANTS)('the Pods of %s are as restricted as the namespace demands', async (_name, manifests) => {
    await applyAll(manifests.filter(({ kind }) => kind === 'ServiceAccount'))
    const workloads = manifests.filter((manifest): manifest is Workload => isWorkload(manifest))
    for (const { metadata, spec } of workloads) {
      const claimed = (spec.volumeClaimTemplates ?? []).map((claim) => ({ name: claim.metadata.name, emptyDir: {} }))
      const template = spec.template.spec
      const pod = {
        ...{ apiVersion: 'v1', kind: 'Pod', metadata: { ...spec.template.metadata, name: 'p' } },
        spec: { ...template, volumes: [...(template.volumes ?? []), ...claimed] },
      }
      const { status, body } = await kube.send('POST', `/api/v1/namespaces/fleetcast/pods?dryRun=All`, pod)
      expect([metadata.name, status, status < 300 ? '' : body]).toEqual([metadata.name, 201, ''])
    }
  })

  it('a Pod that is not restricted is refused', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'a', image: 'a' }] },
    }
    expect((await kube.send('POST', `/api/v1/namespaces/fleetcast/pods?dryRun=All`, pod)).status).toBe(403)
  })

  it('watchers with their account: one leads and reads everything, the other takes over', async () => {
    const manifests = kustomize(of('site'))
    await applyAll(manifests)
    const workload = manifests.find((manifest): manifest is Workload => manifest.kind === 'Deployment')!
    const both = [await run(workload), await run(workload)]
    for (const { admin } of both) await waitFor('ready', async () => (await ask(admin, '/readyz')) === 'ok\n', LONG)
    const leader = await waitFor('a leader', async () => {
      for (const each of both) if (await leads(each.admin)) return each
      return undefined
    })
    expect(await redis.client.keys('*main*')).not.toEqual([])
    const other = both.find((each) => each !== leader)!
    await leader.container.stop({ timeout: 10_000 })
    await waitFor('the other one to lead', () => leads(other.admin))
    await other.container.stop({ timeout: 10_000 })
  })

  it('with Secrets: the component gives the right to read them, and the key that seals them', async () => {
    const manifests = kustomize(of('base'), [component('secrets')])
    await applyAll(manifests)
    const workload = manifests.find(
      (manifest): manifest is Workload =>
        manifest.kind === 'Deployment' && manifest.metadata.name === 'fleetcast-watcher',
    )!
    await applyAll([
      secret('certificate', { 'tls.crt': 'CERTIFICATE-TEXT', 'tls.key': 'KEY-TEXT' }, 'kubernetes.io/tls'),
    ])
    const { admin, container } = await run(workload)
    await waitFor('ready', async () => (await ask(admin, '/readyz')) === 'ok\n', LONG)
    await waitFor('to lead', () => leads(admin))
    expect(await ask(admin, '/metrics')).toMatch(/fleetcast_watcher_heard_age_seconds\{kind="Secret"\}/)
    await container.stop({ timeout: 10_000 })
  })

  it('the account may nothing else', async () => {
    const mine = await token('fleetcast-watcher')
    const may = async (attributes: object): Promise<boolean> => {
      const { body } = await request(`${kube.server}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews`, {
        ...{ method: 'POST', dispatcher: kube.anonymous },
        headers: { 'content-type': 'application/json', authorization: `Bearer ${mine}` },
        body: JSON.stringify({
          ...{ apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview' },
          spec: { resourceAttributes: attributes },
        }),
      })
      return ((await body.json()) as { status: { allowed: boolean } }).status.allowed
    }
    expect(await may({ verb: 'list', resource: 'services' })).toBe(true)
    for (const attributes of [
      { verb: 'update', resource: 'services' },
      { verb: 'create', resource: 'configmaps' },
      { verb: 'list', resource: 'pods' },
      { verb: 'get', resource: 'leases', group: 'coordination.k8s.io', namespace: 'default' },
      { verb: 'delete', resource: 'leases', group: 'coordination.k8s.io', namespace: 'fleetcast' },
    ])
      expect([attributes, await may(attributes)]).toEqual([attributes, false])
  })
})

const LONG = { timeoutMs: 30_000 }
