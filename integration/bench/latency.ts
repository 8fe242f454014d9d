// From an EndpointSlice PATCH until a raw xDS client has the assignment, next to the moment at which a bare watch of the API
// server sees that write, in the same run. "Own" is the difference. Also CPU a change, resident memory, and the time from
// process start to the first complete answer.
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { startDeployment } from '../harness/deployment.ts'
import { type Fleetcast, fleetcast } from '../harness/fleetcast.ts'
import { freePort } from '../harness/free-port.ts'
import { type Kube, startKube } from '../harness/kube.ts'
import { startRedis } from '../harness/redis.ts'
import { waitFor } from '../harness/wait-for.ts'
import { createXdsClient, type XdsClient } from '../harness/xds-client.ts'
import { TYPES } from '../harness/xds-content.ts'
import { type EndpointsWatch, watchEndpoints } from './endpoints-watch.ts'
import { type Columns, formatColumns, percentiles } from './figures.ts'
import { cpuMsOf, residentMibOf } from './process-use.ts'
import { watchSlices } from './slice-watch.ts'

export interface LatencyOptions {
  readonly isQuick: boolean
  readonly say: (line: string) => void
}

const ENDPOINTS_EACH = 10
const PER_SECOND = 20
const FLEET = 'latency'
const NAMESPACE = 'latency'

/** Prints a row for each form (one process, over Redis) and each number of Services. */
export async function latency({ isQuick, say }: LatencyOptions, signal: AbortSignal): Promise<void> {
  const changes = isQuick ? 100 : 500
  const rows: Columns[] = []
  for (const services of [1, 1_000]) {
    await using kube = startKube(`bench-${services}`)
    await fillKube(kube, services)
    for (const [run, form] of (['one process', 'over Redis'] as const).entries()) {
      if (signal.aborted) return
      say(`${services} Services, ${form}: ${changes} changes at ${PER_SECOND}/s`)
      rows.push({ form, services, ...(await measure(kube, form, { services, changes, run })) })
    }
  }
  say(`\n${formatColumns(rows)}`)
}

interface Size {
  readonly services: number
  readonly changes: number
  /** Tells the markers of one form from those of the other, which the API server still holds. */
  readonly run: number
}

async function measure(kube: Kube, form: 'one process' | 'over Redis', size: Size): Promise<Columns> {
  const { services, changes } = size
  await using plane = form === 'one process' ? await startUp(kube) : await startOverRedis(kube)
  const { startMs, names } = await untilComplete(plane, services)
  const client = watchEndpoints(plane.listen, FLEET, names)
  const watch = await watchSlices(kube, NAMESPACE)
  const processes = plane.processes()
  const before = processes.reduce((sum, { pid }) => sum + cpuMsOf(pid), 0)
  const { total, bare, own } = await change(kube, client, watch.seen, size)
  const cpu = processes.reduce((sum, { pid }) => sum + cpuMsOf(pid), 0) - before
  watch.stop()
  client.stop()
  return {
    ...percentiles('total', total),
    ...percentiles('watch', bare),
    ...percentiles('own', own),
    'CPU ms a change': cpu / changes,
    'RSS MiB': processes.reduce((sum, { pid }) => sum + residentMibOf(pid), 0),
    'start ms': startMs,
  }
}

/** One PATCH after another at the fixed rate; each names itself by a marker endpoint of its own. */
async function change(
  kube: Kube,
  client: EndpointsWatch,
  seen: ReadonlyMap<string, number>,
  { services, changes, run }: Size,
): Promise<{ total: number[]; bare: number[]; own: number[] }> {
  const sent = new Map<string, number>()
  const began = performance.now()
  const patches: Promise<unknown>[] = []
  for (let i = 0; i < changes; i++) {
    await pause(Math.max(0, began + (i * 1_000) / PER_SECOND - performance.now()))
    const index = (i * 7_919) % services
    const marker = `10.25${run}.${i >> 8}.${i & 255}`
    sent.set(marker, performance.now())
    patches.push(kube.patch(slice(index), { endpoints: endpoints([...addresses(index), marker]) }))
  }
  await Promise.all(patches)
  const last = await lastMarker(kube, ((changes - 1) * 7_919) % services)
  await waitFor('the last change', () => client.seen.has(last))
  // With one Service two changes may be one response: those that were merged have no arrival of their own.
  const both = [...sent].flatMap(([marker, at]) => {
    const [here, there] = [client.seen.get(marker), seen.get(marker)]
    return here === undefined || there === undefined ? [] : [{ total: here - at, bare: there - at, own: here - there }]
  })
  return { total: both.map((b) => b.total), bare: both.map((b) => b.bare), own: both.map((b) => b.own) }
}

/** Two PATCHes of one slice may have been done in the other order: what the API server holds is what must arrive. */
async function lastMarker(kube: Kube, index: number): Promise<string> {
  const path = `/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices/s-${index}`
  const { endpoints } = await kube.get<{ endpoints: readonly { addresses: readonly string[] }[] }>(path)
  return endpoints.flatMap(({ addresses }) => addresses).find((address) => address.startsWith('10.25')) ?? ''
}

interface MeasuredPlane extends AsyncDisposable {
  readonly listen: string
  /** performance.now() when the first process was started. */
  readonly startedAtMs: number
  readonly processes: () => readonly Fleetcast[]
}

async function startUp(kube: Kube): Promise<MeasuredPlane> {
  const [listen, admin] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`]
  const startedAtMs = performance.now()
  const process = fleetcast(['up', '--kubeconfig', kube.kubeconfig, '--listen', listen], { admin })
  return {
    ...{ listen, startedAtMs, processes: () => [process] },
    [Symbol.asyncDispose]: async () => void (await process.stop()),
  }
}

async function startOverRedis(kube: Kube): Promise<MeasuredPlane> {
  const redis = await startRedis()
  const startedAtMs = performance.now()
  const one = { watchers: 1, publishers: 1, edges: 1 }
  const deployment = await startDeployment({ redis, from: kube, ...one })
  const roles = [...deployment.watchers, ...deployment.publishers, ...deployment.edges]
  return {
    listen: deployment.edges[0]?.listen ?? '',
    startedAtMs,
    processes: () => roles.map(({ process }) => process()),
    [Symbol.asyncDispose]: async () => {
      await deployment[Symbol.asyncDispose]()
      await redis[Symbol.asyncDispose]()
    },
  }
}

/** Milliseconds from process start until a client has everything for the first time, and the names of its assignments. */
async function untilComplete(
  { listen, startedAtMs }: MeasuredPlane,
  services: number,
): Promise<{ readonly startMs: number; readonly names: readonly string[] }> {
  // A client that cannot connect costs more than one that only knocks, and the process that starts needs the machine.
  await waitFor('xDS to listen', () => isListening(listen), { timeoutMs: 60_000, everyMs: 5 })
  using client = createXdsClient({ server: listen, variant: 'delta', node: { id: 'first', cluster: FLEET } })
  await client.until('the first complete answer', () => isComplete(client, services), 60_000)
  return { startMs: performance.now() - startedAtMs, names: [...client.held(TYPES.endpoints).keys()] }
}

async function isListening(address: string): Promise<boolean> {
  const [host, port] = address.split(':')
  const socket = connect(Number(port), host)
  await once(socket, 'connect')
  socket.destroy()
  return true
}

const isComplete = (client: XdsClient, services: number): boolean =>
  client.held(TYPES.cluster).size >= services && client.held(TYPES.endpoints).size >= services

const addresses = (index: number): string[] =>
  Array.from({ length: ENDPOINTS_EACH }, (_, e) => `10.${index >> 8}.${index & 255}.${e + 1}`)
const endpoints = (list: readonly string[]): readonly object[] =>
  list.map((address) => ({ addresses: [address], conditions: { ready: true } }))
const slice = (index: number) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: `s-${index}`, namespace: NAMESPACE, labels: { 'kubernetes.io/service-name': `s-${index}` } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  endpoints: endpoints(addresses(index)),
})

async function fillKube(kube: Kube, services: number): Promise<void> {
  await kube.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } })
  const metadata = { name: 'fleet', namespace: NAMESPACE, labels: { 'fleetcast.dev/fleet': FLEET } }
  const settings = { services: { namespaces: [NAMESPACE] } }
  await kube.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'fleet.yaml': JSON.stringify(settings) } })
  const spec = { ports: [{ name: 'http', port: 80, targetPort: 8080 }] }
  const make = async (index: number): Promise<void> => {
    const service = { name: `s-${index}`, namespace: NAMESPACE }
    await kube.create({ apiVersion: 'v1', kind: 'Service', metadata: service, spec })
    await kube.create(slice(index))
  }
  for (let first = 0; first < services; first += 50) {
    const indexes = Array.from({ length: Math.min(50, services - first) }, (_, i) => first + i)
    await Promise.all(indexes.map(make))
  }
}
