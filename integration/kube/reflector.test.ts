// The log ends equal to the API server whatever happens between them, and no list that was cut off removes anything (rule 2).
// Once with WatchList and the server's watch cache, once without either: pages, and watches that come straight from etcd.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { describeWith } from '../harness/describe-with.ts'
import { type Kube, startKube } from '../harness/kube.ts'
import { type TempFolder, tempFolder } from '../harness/temp-folder.ts'
import { waitFor } from '../harness/wait-for.ts'
import { makeCertificates } from './certificates.ts'
import { type Fault, type FaultProxy, type Seen, startFaultProxy } from './fault-proxy.ts'
import { compact, configMap, proxyKubeconfig, service, slice, untilEqual, watchSite } from './watched-site.ts'

const isWatch = ({ path }: Seen): boolean => path.includes('watch=true')
const isSlices = ({ path }: Seen): boolean => path.includes('/endpointslices')
const isList = ({ path }: Seen): boolean => path.includes('sendInitialEvents') || !path.includes('watch=true')
const isNextPage = ({ path }: Seen): boolean => path.includes('continue=')
const gone = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version', metadata: {} }
const status = (code: number): string => JSON.stringify({ kind: 'Status', status: 'Failure', code, message: 'no' })

/** Applies to the first `count` requests that match, then to none. */
const times = (count: number, matches: (request: Seen) => boolean, fault: Fault) => {
  let left = count
  return (request: Seen): Fault | undefined => (matches(request) && left-- > 0 ? fault : undefined)
}
/** Applies to one line of each of the first `count` requests that match. */
const onLine = (
  count: number,
  matches: (request: Seen) => boolean,
  at: number,
  fate: 'cut' | 'half' | { instead: string },
) => times(count, matches, { kind: 'lines', each: (_line, index) => (index === at ? fate : 'pass') })

/** Lists meet `fault`, and there are some: the first watches that go on from before are told that they are too late. */
const relisting = (fault: (request: Seen) => Fault | undefined) => {
  const tooOld = times(6, (request) => !isList(request), { kind: 'answer', status: 410, body: JSON.stringify(gone) })
  return (request: Seen): Fault | undefined => tooOld(request) ?? fault(request)
}

interface Case {
  readonly name: string
  readonly fault: (request: Seen) => Fault | undefined
  /** How often the fault must have been met, so that the case shows something. */
  readonly requests?: number
}

const cases: readonly (() => Case)[] = [
  () => ({ name: 'connections are cut as they are made', fault: times(10, () => true, { kind: 'cut' }) }),
  () => ({
    name: 'every answer is 500',
    fault: times(12, () => true, { kind: 'answer', status: 500, body: status(500) }),
  }),
  () => ({
    name: 'every answer is 503 and no JSON',
    fault: times(12, () => true, { kind: 'answer', status: 503, body: '<html>' }),
  }),
  () => ({ name: 'a watch breaks off in the middle of a line', fault: onLine(6, isWatch, 0, 'half') }),
  () => ({ name: 'a watch sends what is no JSON', fault: onLine(6, isWatch, 0, { instead: '{"type":"ADDED","obj' }) }),
  () => ({
    name: 'a watch sends an event without an object',
    fault: onLine(6, isWatch, 0, { instead: '{"type":"ADDED"}' }),
  }),
  () => ({
    name: 'a watch sends an unknown event',
    fault: onLine(6, isWatch, 0, { instead: '{"type":"MOVED","object":{"metadata":{"resourceVersion":"1"}}}' }),
  }),
  () => ({
    name: 'a watch says that its version is too old',
    fault: onLine(6, isWatch, 0, { instead: JSON.stringify({ type: 'ERROR', object: gone }) }),
  }),
  () => ({ name: 'lists are cut after their first line', fault: relisting(onLine(8, isList, 1, 'cut')) }),
  () => ({
    name: 'lists are cut after some bytes',
    fault: relisting(times(12, isList, { kind: 'bytes', count: 700 })),
  }),
  () => ({ name: 'lists end in the middle as if they were complete', fault: relisting(onLine(8, isList, 1, 'half')) }),
]

const servers = [
  { title: 'with WatchList', name: 'watcher-cached', flags: '' },
  {
    title: 'with pages, straight from etcd',
    name: 'watcher-etcd',
    flags: '--watch-cache=false --feature-gates=WatchList=false',
  },
]

for (const { title, name, flags } of servers) {
  describeWith(['kube'], `the reflector ${title}`, () => {
    let kube: Kube
    let folder: TempFolder
    let proxy: FaultProxy
    let kubeconfig: string
    let count = 0
    let namespace: string

    beforeAll(async () => {
      kube = startKube(name, flags)
      folder = tempFolder()
      const certificates = makeCertificates(folder.path, 'authority')
      proxy = await startFaultProxy({ certificates, server: kube.server, dispatcher: kube.dispatcher })
      kubeconfig = join(folder.path, 'kubeconfig')
      writeFileSync(kubeconfig, proxyKubeconfig(proxy.url, join(folder.path, 'authority-ca.crt'), { token: 'any' }))
    })
    afterAll(async () => {
      await proxy[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
      await kube[Symbol.asyncDispose]()
    })
    beforeEach(async () => {
      proxy.setFault(() => undefined)
      namespace = `n${count++}`
      await kube.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
      await Promise.all(['a', 'b', 'c', 'd'].map((name) => kube.create(service(namespace, name))))
      await Promise.all(['a', 'b', 'c', 'd'].map((name) => kube.create(slice(namespace, name, ['10.1.0.1']))))
      await kube.create(configMap(namespace, 'a', { 'listeners.yaml': '[]' }))
    })

    /** One object added, one changed, one removed; gives the key of the removed one. */
    const change = async (): Promise<string> => {
      await kube.create(slice(namespace, 'new', ['10.1.0.9']))
      await kube.patch(slice(namespace, 'a', []), { endpoints: [{ addresses: ['10.1.0.2'] }] })
      await kube.remove(slice(namespace, 'b', []))
      return `EndpointSlice/${namespace}/b`
    }

    it('follows what is added, changed and removed', async () => {
      await using site = watchSite(kubeconfig)
      await untilEqual(site, kube)
      const removed = await change()
      await untilEqual(site, kube)
      expect([...site.deleted]).toEqual([removed])
      const inPages = proxy.seen.filter((request) => !isWatch(request))
      expect(inPages.length > 0).toBe(flags !== '')
    })

    for (const makeCase of cases) {
      it(`while ${makeCase().name}`, async () => {
        const { fault } = makeCase()
        await using site = watchSite(kubeconfig)
        await untilEqual(site, kube)
        let met = 0
        proxy.setFault((request) => {
          const decided = fault(request)
          if (decided) met++
          return decided
        })
        proxy.cutAll()
        const removed = await change()
        await waitFor('the fault to be met', () => met > 3)
        await untilEqual(site, kube)
        expect([...site.deleted]).toEqual([removed])
      })

      it(`from the start, while ${makeCase().name}`, async () => {
        const { fault } = makeCase()
        proxy.setFault(fault)
        await using site = watchSite(kubeconfig)
        await untilEqual(site, kube)
        expect([...site.deleted]).toEqual([])
      })
    }

    it('lists again when its version is too old after a compaction', async () => {
      await using site = watchSite(kubeconfig)
      await untilEqual(site, kube)
      proxy.setFault(() => ({ kind: 'cut' }))
      proxy.cutAll()
      const removed = await change()
      await compact(kube)
      const before = proxy.seen.length
      proxy.setFault(() => undefined)
      await untilEqual(site, kube)
      expect([...site.deleted]).toEqual([removed])
      // Without a watch cache nothing but a new list can have told of the removal.
      if (flags) expect(proxy.seen.slice(before).filter((r) => isSlices(r) && isList(r))).not.toEqual([])
    })

    it('waits as long as a server asks for that has too much to do', async () => {
      const refusal: Fault = { kind: 'answer', status: 429, body: status(429), headers: { 'retry-after': '2' } }
      await using site = watchSite(kubeconfig)
      await untilEqual(site, kube)
      const before = proxy.seen.length
      proxy.setFault(times(1, (request) => isWatch(request) && isSlices(request), refusal))
      proxy.cutAll()
      const removed = await change()
      await untilEqual(site, kube)
      const [first, second] = proxy.seen.slice(before).filter(isSlices)
      expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(1_990)
      expect([...site.deleted]).toEqual([removed])
    })

    it('does not hammer a server that fails', async () => {
      await using site = watchSite(kubeconfig)
      await untilEqual(site, kube)
      const before = performance.now()
      proxy.setFault(() => ({ kind: 'answer', status: 500, body: status(500) }))
      proxy.cutAll()
      const ofSlices = (): Seen[] => proxy.seen.filter((request) => isSlices(request) && request.atMs > before)
      await waitFor('some tries', () => ofSlices().length >= 5)
      const [first, , , , fifth] = ofSlices()
      expect((fifth?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(700)
    })

    const joinsPages = async () => {
      const expired = times(1, isNextPage, { kind: 'answer', status: 410, body: JSON.stringify(gone) })
      proxy.setFault((request) => {
        return expired(request) ?? { kind: 'rewrite', path: request.path.replace('limit=500', 'limit=3') }
      })
      const before = proxy.seen.length
      await using site = watchSite(kubeconfig)
      await untilEqual(site, kube)
      expect(
        proxy.seen.slice(before).filter((request) => isSlices(request) && isNextPage(request)).length,
      ).toBeGreaterThan(0)
      const firstPages = proxy.seen.slice(before).filter((request) => isList(request) && !isNextPage(request))
      const paths = new Set(firstPages.map(({ path }) => path))
      expect(firstPages).toHaveLength(paths.size + 1)
      expect([...site.deleted]).toEqual([])
    }
    if (flags) it('joins pages, and begins again when one of them is too old', joinsPages)

    it('reads lines that are larger than any buffer', async () => {
      await using site = watchSite(kubeconfig)
      await untilEqual(site, kube)
      await kube.create(configMap(namespace, 'large', { 'listeners.yaml': 'ä'.repeat(200_000) }))
      await untilEqual(site, kube)
      const object = (await site.objects()).get(`ConfigMap/${namespace}/large`)
      expect(object).toMatchObject({ data: { 'listeners.yaml': 'ä'.repeat(200_000) } })
    })

    it('follows a ConfigMap that two queries see', async () => {
      await using site = watchSite(kubeconfig)
      const named = configMap(namespace, 'kubenvoy-xds-config', { 'listeners.yaml': '[]' })
      const key = `ConfigMap/${namespace}/kubenvoy-xds-config`
      await kube.create(named)
      await untilEqual(site, kube)
      await kube.patch(named, { metadata: { labels: { 'fleetcast.dev/fleet': null } } })
      await untilEqual(site, kube)
      expect(site.deleted.has(key)).toBe(false)
      await kube.remove(named)
      await untilEqual(site, kube)
      expect([...site.deleted]).toEqual([key])
    })

    it('goes on from an object that can not be read, which keeps its last good form', async () => {
      await using site = watchSite(kubeconfig)
      await untilEqual(site, kube)
      const spoil = (line: string): { instead: string } => ({ instead: line.replace('"10.1.0.77"', '77') })
      proxy.setFault(() => ({ kind: 'lines', each: spoil }))
      proxy.cutAll()
      await kube.patch(slice(namespace, 'a', []), { endpoints: [{ addresses: ['10.1.0.77'] }] })
      await kube.patch(slice(namespace, 'b', []), { endpoints: [{ addresses: ['10.1.0.3'] }] })
      const about = {
        place: { object: `EndpointSlice/${namespace}/a`, path: 'endpoints[0].addresses[0]', site: 'site' },
      }
      await waitFor('the problem', () => site.watcher.problems().length === 1)
      expect(site.watcher.problems()).toMatchObject([about])
      const addressOf = async (name: string): Promise<string | undefined> => {
        const object = (await site.objects()).get(`EndpointSlice/${namespace}/${name}`)
        return object?.kind === 'EndpointSlice' ? object.endpoints[0]?.addresses[0] : undefined
      }
      await waitFor('its neighbour', async () => (await addressOf('b')) === '10.1.0.3')
      expect(await addressOf('a')).toBe('10.1.0.1')
      // A new list in which it still can't be read does not remove it.
      proxy.setFault(relisting(() => ({ kind: 'lines', each: spoil })))
      const before = proxy.seen.length
      proxy.cutAll()
      await waitFor('a list', () => proxy.seen.slice(before).some((request) => isSlices(request) && isList(request)))
      await kube.patch(slice(namespace, 'c', []), { endpoints: [{ addresses: ['10.1.0.5'] }] })
      await waitFor('what comes after the list', async () => (await addressOf('c')) === '10.1.0.5')
      expect(await addressOf('a')).toBe('10.1.0.1')
      proxy.setFault(() => undefined)
      await kube.patch(slice(namespace, 'a', []), { endpoints: [{ addresses: ['10.1.0.4'] }] })
      await untilEqual(site, kube)
      expect(site.watcher.problems()).toEqual([])
      expect([...site.deleted]).toEqual([])
    })
  })
}
