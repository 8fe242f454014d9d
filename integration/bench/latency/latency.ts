// From an EndpointSlice PATCH until a raw xDS client has the assignment, next to the moment at which a bare watch of the API
// server sees that write, in the same run. "Own" is the difference. Also CPU a change, resident memory, and the time from
// process start to the first complete answer. Contour in the same run tells a slow machine from a slow control plane.
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { type Kube, startKube } from '../../harness/kube.ts'
import { waitFor } from '../../harness/wait-for.ts'
import { createXdsClient, type XdsClient } from '../../harness/xds-client.ts'
import { TYPES } from '../../harness/xds-content.ts'
import { type Columns, formatColumns, percentiles } from '../figures.ts'
import { cpuMsOf, residentMibOf } from '../process-use.ts'
import { type Arrivals, observe } from './arrivals.ts'
import { buildContour } from './contour.ts'
import { FLEET, fillKube, marked, markerOf, NAMESPACE, slice } from './kube-world.ts'
import { monotonicMs } from './monotonic.ts'
import { type Form, formsOf, type Plane } from './planes.ts'

export interface LatencyOptions {
  readonly isQuick: boolean
  readonly say: (line: string) => void
}

const PER_SECOND = 20

/** Prints a row for each form and each number of Services. */
export async function latency({ isQuick, say }: LatencyOptions, signal: AbortSignal): Promise<void> {
  const changes = isQuick ? 100 : 500
  const forms = formsOf(buildContour(say))
  const rows: Columns[] = []
  for (const services of [1, 1_000]) {
    await using kube = startKube(`bench-${services}`)
    await fillKube(kube, services)
    for (const [run, form] of forms.entries()) {
      if (signal.aborted) return
      say(`${services} Services, ${form.name}: ${changes} changes at ${PER_SECOND}/s`)
      rows.push({ form: form.name, services, ...(await measure(kube, form, { services, changes, run })) })
    }
  }
  say(`\n${formatColumns(rows)}`)
}

interface Size {
  readonly services: number
  readonly changes: number
  /** Tells the markers of one form from those of the others, which the API server still holds. */
  readonly run: number
}

async function measure(kube: Kube, form: Form, size: Size): Promise<Columns> {
  await using plane = await form.start(kube, size.services)
  const { startMs, names } = await untilComplete(plane, size.services)
  const client = await observe({ at: 'xDS', server: plane.listen, cluster: FLEET, names })
  const watch = await observe({ at: 'API server', kubeconfig: kube.kubeconfig, namespace: NAMESPACE })
  const pids = plane.pids()
  const cpuMs = (): number => pids.reduce((sum, pid) => sum + cpuMsOf(pid), 0)
  const before = cpuMs()
  const { total, bare, own } = await change(kube, client.seen, watch.seen, size)
  const cpu = cpuMs() - before
  await Promise.all([watch.stop(), client.stop()])
  return {
    ...percentiles('total', total),
    ...percentiles('watch', bare),
    ...percentiles('own', own),
    'CPU ms a change': cpu / size.changes,
    'RSS MiB': pids.reduce((sum, pid) => sum + residentMibOf(pid), 0),
    'start ms': startMs,
  }
}

/** One PATCH after another at the fixed rate; each names itself by a marker endpoint of its own. */
async function change(
  kube: Kube,
  byClient: Arrivals['seen'],
  byWatch: Arrivals['seen'],
  { services, changes, run }: Size,
): Promise<{ total: number[]; bare: number[]; own: number[] }> {
  const sent = new Map<string, number>()
  const began = performance.now()
  const patches: Promise<unknown>[] = []
  for (let i = 0; i < changes; i++) {
    await pause(Math.max(0, began + (i * 1_000) / PER_SECOND - performance.now()))
    const index = (i * 7_919) % services
    const marker = `10.25${run}.${i >> 8}.${i & 255}`
    sent.set(marker, monotonicMs())
    patches.push(kube.patch(slice(index), marked(index, marker)))
  }
  await Promise.all(patches)
  // Two PATCHes of one slice may have been done in the other order: what the API server holds is what must arrive.
  const last = await markerOf(kube, ((changes - 1) * 7_919) % services)
  await waitFor('the last change', () => byClient.has(last) && byWatch.has(last))
  // With one Service two changes may be one response: those that were merged have no arrival of their own.
  const both = [...sent].flatMap(([marker, at]) => {
    const [here, there] = [byClient.get(marker), byWatch.get(marker)]
    return here === undefined || there === undefined ? [] : [{ total: here - at, bare: there - at, own: here - there }]
  })
  return { total: both.map((b) => b.total), bare: both.map((b) => b.bare), own: both.map((b) => b.own) }
}

/** Milliseconds from process start until a client has everything for the first time, and the names of its assignments. */
async function untilComplete(
  { listen, startedAtMs }: Plane,
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
