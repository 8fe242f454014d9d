// Tokens, certificates and authorities that are replaced while a watcher runs: it goes on, over one pool of connections for each
// set of certificates, and tries nothing old for ever.
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { describeWith } from '../harness/describe-with.ts'
import { type Kube, startKube } from '../harness/kube.ts'
import { type TempFolder, tempFolder } from '../harness/temp-folder.ts'
import { waitFor } from '../harness/wait-for.ts'
import { type Certificates, makeCertificates } from './certificates.ts'
import { type FaultProxy, type Seen, startFaultProxy } from './fault-proxy.ts'
import { configMap, proxyKubeconfig, untilEqual, watchSite } from './watched-site.ts'

describeWith(['kube'], 'credentials', () => {
  let kube: Kube
  let folder: TempFolder
  let proxy: FaultProxy
  let first: Certificates
  let count = 0

  const file = (name: string): string => join(folder.path, name)
  /** As Kubernetes and careful programs write: beside, then renamed over. */
  const replace = (name: string, text: string): void => {
    writeFileSync(file(`${name}.new`), text)
    renameSync(file(`${name}.new`), file(name))
  }
  const kubeconfig = (user: object): string => {
    replace('kubeconfig', proxyKubeconfig(proxy.url, file('ca.crt'), user))
    return file('kubeconfig')
  }
  const addObject = async (): Promise<void> => {
    await kube.create(configMap('default', `c${count++}`, { a: 'b' }))
  }
  /** As an API server does: whoever comes without this token is refused. */
  const demand = (token: string): void => {
    const body = JSON.stringify({ kind: 'Status', code: 401, message: 'Unauthorized' })
    proxy.setFault(({ authorization }: Seen) =>
      authorization === `Bearer ${token}` ? undefined : { kind: 'answer', status: 401, body },
    )
    proxy.cutAll()
  }

  beforeAll(() => {
    kube = startKube('watcher-cached')
  })
  afterAll(async () => {
    await kube[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    folder = tempFolder()
    first = makeCertificates(folder.path, 'first')
    replace('ca.crt', first.ca)
    proxy = await startFaultProxy({ certificates: first, server: kube.server, dispatcher: kube.dispatcher })
  })
  afterEach(async () => {
    await proxy[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })

  const users: readonly [string, () => object, (token: string) => void][] = [
    ['a token file', () => ({ tokenFile: 'token' }), (token) => replace('token', `${token}\n`)],
    ['the kubeconfig itself', () => ({ token: 'one' }), (token) => void kubeconfig({ token })],
  ]
  it.each(users)(
    'a token in %s is read again when it was replaced, over the same connections',
    async (_name, user, write) => {
      replace('token', 'one')
      demand('one')
      await using site = watchSite(kubeconfig(user()))
      await addObject()
      await untilEqual(site, kube)
      demand('two')
      await waitFor('a refusal', () => Object.keys(site.watcher.status().waiting).length > 0)
      write('two')
      await addObject()
      await untilEqual(site, kube)
      expect(site.api.pools()).toBe(1)
      expect(site.deleted).toEqual(new Set())
    },
  )

  it('an authority that was replaced is trusted as soon as its file is there, and the old one no longer', async () => {
    await using site = watchSite(kubeconfig({ token: 'any' }))
    await addObject()
    await untilEqual(site, kube)
    const { port } = proxy
    await proxy[Symbol.asyncDispose]()
    const second = makeCertificates(folder.path, 'second')
    const options = { certificates: second, server: kube.server, dispatcher: kube.dispatcher, port }
    proxy = await startFaultProxy(options)
    await waitFor('a refusal', () => Object.keys(site.watcher.status().waiting).length > 0)
    await addObject()
    expect(proxy.seen).toEqual([])
    replace('ca.crt', second.ca)
    await untilEqual(site, kube)
    expect(site.api.pools()).toBe(2)
    expect(site.deleted).toEqual(new Set())
  })

  it('a kubeconfig that is being written leaves the credentials as they were', async () => {
    await using site = watchSite(kubeconfig({ token: 'any' }))
    await untilEqual(site, kube)
    writeFileSync(file('kubeconfig'), '{"apiVersion":')
    proxy.cutAll()
    await addObject()
    await untilEqual(site, kube)
  })

  it('all watches of a site share a pool: as many connections as watches, and no more for what is asked later', async () => {
    await using site = watchSite(kubeconfig({ token: 'any' }))
    await addObject()
    await untilEqual(site, kube)
    expect(proxy.connections()).toBeLessThanOrEqual(7)
    expect(site.api.pools()).toBe(1)
  })
})
