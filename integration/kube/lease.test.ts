// Who leads a site's watchers, by a Lease in a real API server.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createElection } from '@fleetcast/shared/log/leadership'
import { systemClock } from '@fleetcast/shared/runtime/clock'
import { silentLogger } from '@fleetcast/shared/runtime/logger'
import { createApiServer } from '@fleetcast/watcher/source/kube/api-server'
import { createLease } from '@fleetcast/watcher/source/kube/lease'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { lockContract } from '../../shared/src/log/lock.contract.ts'
import { describeWith } from '../harness/describe-with.ts'
import { type Kube, startKube } from '../harness/kube.ts'
import { type TempFolder, tempFolder } from '../harness/temp-folder.ts'
import { waitFor } from '../harness/wait-for.ts'
import { makeCertificates } from './certificates.ts'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'
import { proxyKubeconfig } from './watched-site.ts'

describeWith(['kube'], 'the Lease', () => {
  let kube: Kube
  let folder: TempFolder
  let proxy: FaultProxy
  let count = 0

  beforeAll(async () => {
    kube = startKube('watcher-cached')
    folder = tempFolder()
    const certificates = makeCertificates(folder.path, 'authority')
    proxy = await startFaultProxy({ certificates, server: kube.server, dispatcher: kube.dispatcher })
    const config = proxyKubeconfig(proxy.url, join(folder.path, 'authority-ca.crt'), { token: 'any' })
    writeFileSync(join(folder.path, 'kubeconfig'), config)
  })
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
    await kube[Symbol.asyncDispose]()
  })
  const open = (kubeconfig: string, site: string, leaseSeconds: number) => {
    const api = createApiServer({ access: { kubeconfig }, clock: systemClock })
    return createLease({ api, site, clock: systemClock, leaseSeconds })
  }

  lockContract(async () => {
    const site = `s${count++}`
    return { first: open(kube.kubeconfig, site, 1), second: open(kube.kubeconfig, site, 1), expiresMs: 1_000 }
  })

  it('goes to another when the leader can not reach the API server, which has stopped by then', async () => {
    const events: string[] = []
    const stop = new AbortController()
    const campaign = (name: string, kubeconfig: string): Promise<void> => {
      const timing = { renewDeadlineMs: 1_400, retryMs: 200 }
      const lock = open(kubeconfig, 'partition', 2)
      const parts = { clock: systemClock, random: Math.random, logger: silentLogger }
      return createElection({ ...parts, ...timing, lock }).lead(async (signal) => {
        events.push(`${name} leads`)
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        events.push(`${name} stops`)
      }, stop.signal)
    }
    const first = campaign('first', join(folder.path, 'kubeconfig'))
    await waitFor('the first', () => events.length === 1)
    const second = campaign('second', kube.kubeconfig)
    proxy.setFault(() => ({ kind: 'cut' }))
    proxy.cutAll()
    await waitFor('the second', () => events.length === 3)
    expect(events).toEqual(['first leads', 'first stops', 'second leads'])
    proxy.setFault(() => undefined)
    stop.abort()
    await Promise.all([first, second])
    const lease = await kube.get<{ spec: { holderIdentity: string; leaseTransitions: number } }>(
      '/apis/coordination.k8s.io/v1/namespaces/default/leases/fleetcast-watcher-partition',
    )
    expect(lease.spec).toMatchObject({ holderIdentity: '', leaseTransitions: 1 })
  })

  it('is made again when somebody deletes it', async () => {
    const first = open(kube.kubeconfig, 'deleted', 10)
    const never = new AbortController().signal
    expect(await first.hold(never)).toBe(true)
    await kube.send('DELETE', '/apis/coordination.k8s.io/v1/namespaces/default/leases/fleetcast-watcher-deleted')
    expect(await first.hold(never)).toBe(true)
    expect(await open(kube.kubeconfig, 'deleted', 10).hold(never)).toBe(false)
  })
})
