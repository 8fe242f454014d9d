// A bare watch of the API server: nothing but the lines as they come. What the control plane's own time is measured against.

import { request } from 'undici'
import { connectKube } from '../../harness/kube.ts'
import type { Arrival } from './arrivals-thread.ts'
import { monotonicMs } from './monotonic.ts'

const MARKER = /"(10\.25\d\.\d+\.\d+)"/

/** Tells once that it watches, and then of each line. */
export async function watchSlices(
  kubeconfig: string,
  namespace: string,
  tell: (arrivals: readonly Arrival[]) => void,
): Promise<void> {
  const kube = connectKube(kubeconfig)
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`
  const { metadata } = await kube.get<{ metadata: { resourceVersion: string } }>(`${path}?limit=1`)
  const { body } = await request(`${kube.server}${path}?watch=1&resourceVersion=${metadata.resourceVersion}`, {
    ...{ dispatcher: kube.dispatcher, bodyTimeout: 0 },
  })
  tell([])
  let rest = ''
  body.setEncoding('utf8')
  body.on('data', (chunk: string) => {
    const atMs = monotonicMs()
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    const markers = lines.map((line) => MARKER.exec(line)?.[1]).filter((marker) => marker !== undefined)
    tell(markers.map((marker) => [marker, atMs]))
  })
  // The end of the thread ends it.
  body.on('error', () => {})
}
