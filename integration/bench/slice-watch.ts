// A bare watch of the API server: nothing but the lines as they come. What the control plane's own time is measured against.

import { request } from 'undici'
import type { Kube } from '../harness/kube.ts'

export interface SliceWatch {
  /** By marker address (10.25x.y.z): performance.now() when the watch had it. */
  readonly seen: ReadonlyMap<string, number>
  stop(): void
}

const MARKER = /"(10\.25\d\.\d+\.\d+)"/

export async function watchSlices(kube: Kube, namespace: string): Promise<SliceWatch> {
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`
  const { metadata } = await kube.get<{ metadata: { resourceVersion: string } }>(`${path}?limit=1`)
  const stop = new AbortController()
  const seen = new Map<string, number>()
  const { body } = await request(`${kube.server}${path}?watch=1&resourceVersion=${metadata.resourceVersion}`, {
    ...{ dispatcher: kube.dispatcher, signal: stop.signal, bodyTimeout: 0 },
  })
  let rest = ''
  body.setEncoding('utf8')
  body.on('data', (chunk: string) => {
    const atMs = performance.now()
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const marker = MARKER.exec(line)?.[1]
      if (marker !== undefined && !seen.has(marker)) seen.set(marker, atMs)
    }
  })
  // The end of the measurement aborts it.
  body.on('error', () => {})
  return { seen, stop: () => stop.abort() }
}
