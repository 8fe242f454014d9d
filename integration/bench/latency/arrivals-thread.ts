// What an observer's thread runs: a bare client of the API server, or of xDS. The first message says that it has what there was
// before, each one after that what arrived.
import { parentPort, workerData } from 'node:worker_threads'
import { watchEndpoints } from './endpoints-watch.ts'
import { watchSlices } from './slice-watch.ts'

export type Observed =
  | { readonly at: 'xDS'; readonly server: string; readonly cluster: string; readonly names: readonly string[] }
  | { readonly at: 'API server'; readonly kubeconfig: string; readonly namespace: string }

/** `monotonicMs()` when the marker (10.25x.y.z) was there. */
export type Arrival = readonly [marker: string, atMs: number]

const tell = (arrivals: readonly Arrival[]): void => parentPort?.postMessage(arrivals)
const observed = workerData as Observed
if (observed.at === 'xDS') watchEndpoints(observed.server, observed.cluster, observed.names, tell)
else await watchSlices(observed.kubeconfig, observed.namespace, tell)
