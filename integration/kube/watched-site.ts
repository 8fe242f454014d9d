// A watcher of a real API server behind a fault proxy, with what the API server holds to compare its log with.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { alwaysLeads } from '@fleetcast/shared/log/leadership'
import { createMemoryLog, type MemoryLog } from '@fleetcast/shared/log/memory'
import { type KubeObject, type ObjectKey, objectKey } from '@fleetcast/shared/objects/object'
import { systemClock } from '@fleetcast/shared/runtime/clock'
import { silentLogger } from '@fleetcast/shared/runtime/logger'
import { createMetrics } from '@fleetcast/shared/runtime/metrics'
import { cutObject } from '@fleetcast/watcher/cut/cut-object'
import { type ApiServer, createApiServer } from '@fleetcast/watcher/source/kube/api-server'
import { createKubeSource } from '@fleetcast/watcher/source/kube/kube'
import { queriesOf } from '@fleetcast/watcher/source/kube/query'
import { createWatcher, type Watcher } from '@fleetcast/watcher/watcher'
import { request } from 'undici'
import { expect } from 'vitest'
import type { Kube, Manifest } from '../harness/kube.ts'
import { waitFor } from '../harness/wait-for.ts'

export const SITE = 'site'

export interface WatchedSite extends AsyncDisposable {
  readonly watcher: Watcher
  readonly log: MemoryLog
  readonly api: ApiServer
  /** Keys whose deletion was ever appended. */
  readonly deleted: Set<ObjectKey>
  objects(): Promise<ReadonlyMap<ObjectKey, KubeObject>>
}

/** Watches with the given kubeconfig, which names the proxy. */
export function watchSite(kubeconfig: string): WatchedSite {
  const log = createMemoryLog()
  const deleted = new Set<ObjectKey>()
  const append = log.append
  log.append = (wanted) => {
    for (const { key, object } of wanted.changes) if (!object) deleted.add(key)
    return append(wanted)
  }
  const parts = { clock: systemClock, random: Math.random, logger: silentLogger, metrics: createMetrics() }
  const api = createApiServer({ access: { kubeconfig }, clock: systemClock })
  const source = createKubeSource({ ...parts, api, secrets: true })
  const watcher = createWatcher({ ...parts, site: SITE, source, log, leadership: alwaysLeads })
  const stop = new AbortController()
  const running = watcher.run(stop.signal)
  return {
    watcher,
    log,
    api,
    deleted,
    objects: async () => (await log.read(SITE))?.objects ?? new Map(),
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await running
      await api.close()
      await log.close()
    },
  }
}

/** What a log must hold now: every object that the queries give, cut down. */
export async function expectedObjects(kube: Kube): Promise<Map<ObjectKey, KubeObject>> {
  const objects = new Map<ObjectKey, KubeObject>()
  for (const { kind, path, selectors } of queriesOf(true)) {
    const list = await kube.get<{ items: unknown[] }>(`${path}?${new URLSearchParams(selectors)}`)
    for (const raw of list.items) {
      for (const object of cutObject({ kind, namespace: '', raw }).objects) objects.set(objectKey(object), object)
    }
  }
  return objects
}

/** Waits until the log holds what the API server holds, which must be more than nothing. */
export async function untilEqual(site: WatchedSite, kube: Kube, timeoutMs = 20_000): Promise<void> {
  await waitFor(
    'the log to equal the API server',
    async () => {
      const expected = await expectedObjects(kube)
      expect(expected.size).toBeGreaterThan(0)
      expect(Object.fromEntries(await site.objects())).toEqual(Object.fromEntries(expected))
      return (await site.log.read(SITE))?.synced
    },
    { timeoutMs, everyMs: 100 },
  )
}

export const configMap = (namespace: string, name: string, data: Record<string, string>): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace, labels: { 'fleetcast.dev/fleet': 'edge' } },
  data,
})

export const slice = (namespace: string, name: string, addresses: readonly string[]): Manifest => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080 }],
  endpoints: addresses.map((address) => ({ addresses: [address] })),
})

export const service = (namespace: string, name: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec: { clusterIP: 'None', ports: [{ name: 'http', port: 80 }] },
})

/** Forgets all history in the API server's etcd: versions from before are too old from now on. */
export async function compact(kube: Kube): Promise<void> {
  const folder = dirname(kube.kubeconfig)
  const [pid] = readFileSync(join(folder, 'etcd.pid'), 'utf8').split(' ')
  const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  const url = args[args.indexOf('--listen-client-urls') + 1]
  const ask = async (path: string, body: object): Promise<{ header?: { revision: string } }> => {
    const answer = await request(`${url}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) })
    return (await answer.body.json()) as { header?: { revision: string } }
  }
  const { header } = await ask('range', { key: Buffer.from('a').toString('base64') })
  await ask('compaction', { revision: header?.revision, physical: true })
}

/** A kubeconfig that names the proxy and trusts `caFile`; `user` as kubectl would write it. */
export function proxyKubeconfig(url: string, caFile: string, user: object): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'proxy',
    clusters: [{ name: 'proxy', cluster: { server: url, 'certificate-authority': caFile } }],
    users: [{ name: 'user', user }],
    contexts: [{ name: 'proxy', context: { cluster: 'proxy', user: 'user' } }],
  })
}
