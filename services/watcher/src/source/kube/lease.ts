// The Lease that says who leads a site's watchers, held and judged as Kubernetes' own components do it: a holder is dead when
// its Lease did not change for its duration by our own clock, whatever the clocks of others say.
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Lock } from '@fleetcast/shared/log/leadership'
import type { Clock } from '@fleetcast/shared/runtime/clock'
import { z } from 'zod'
import { isApiFailure } from './api-failure.ts'
import type { ApiServer } from './api-server.ts'

const LEASE_SECONDS = 10
const REQUEST_MS = 5_000

export interface LeaseDeps {
  readonly api: ApiServer
  readonly site: string
  readonly clock: Clock
  /** A holder is dead when it was silent for so long. */
  readonly leaseSeconds?: number
}

const leaseSchema = z.object({
  metadata: z.looseObject({ resourceVersion: z.string() }),
  spec: z
    .object({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.number().nullish(),
      acquireTime: z.string().nullish(),
      renewTime: z.string().nullish(),
      leaseTransitions: z.number().nullish(),
    })
    .nullish(),
})

type Lease = z.infer<typeof leaseSchema>

export function createLease({ api, site, clock, leaseSeconds = LEASE_SECONDS }: LeaseDeps): Lock {
  const identity = `${hostname()}_${randomUUID()}`
  const name = `fleetcast-watcher-${site.toLowerCase().replace(/[^a-z0-9.-]/g, '-')}`
  const path = `/apis/coordination.k8s.io/v1/namespaces/${api.namespace}/leases`
  let observed: { readonly version: string; readonly at: number } | undefined
  /** The Lease as this process wrote it last, while it holds it. */
  let held: Lease | undefined

  const now = (): string => new Date(clock.now()).toISOString().replace('Z', '000Z')
  const body = (spec: Lease['spec'], resourceVersion?: string): object => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace: api.namespace, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
    spec,
  })
  const timed = (signal: AbortSignal): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)])

  const read = async (signal: AbortSignal): Promise<Lease | undefined> => {
    try {
      return leaseSchema.parse(await api.json({ path: `${path}/${name}`, signal }))
    } catch (error) {
      if (isApiFailure(error) && error.status === 404) return undefined
      throw error
    }
  }

  /** False where somebody else was faster. */
  const write = async (before: Lease | undefined, signal: AbortSignal): Promise<boolean> => {
    const mine = before?.spec?.holderIdentity === identity
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: leaseSeconds,
      acquireTime: (mine && before?.spec?.acquireTime) || now(),
      renewTime: now(),
      leaseTransitions: (before?.spec?.leaseTransitions ?? 0) + (mine || !before ? 0 : 1),
    }
    const target = before ? `${path}/${name}` : path
    const version = before?.metadata.resourceVersion
    held = await put(before ? 'PUT' : 'POST', target, body(spec, version), signal)
    return held !== undefined
  }

  const put = async (method: 'PUT' | 'POST', path: string, body: object, signal: AbortSignal) => {
    try {
      return leaseSchema.parse(await api.json({ method, path, body, signal }))
    } catch (error) {
      if (isApiFailure(error) && (error.status === 409 || error.status === 404)) return undefined
      throw error
    }
  }

  const isFree = ({ metadata, spec }: Lease): boolean => {
    if (!spec?.holderIdentity || spec.holderIdentity === identity) return true
    if (observed?.version !== metadata.resourceVersion) {
      observed = { version: metadata.resourceVersion, at: clock.now() }
    }
    return clock.now() - observed.at > (spec.leaseDurationSeconds ?? leaseSeconds) * 1000
  }

  return {
    async hold(parent) {
      const signal = timed(parent)
      // A renewal needs one request; where the Lease was touched meanwhile, it is read again.
      if (held && (await write(held, signal))) return true
      const lease = await read(signal)
      if (lease && !isFree(lease)) return false
      return write(lease, signal)
    },
    async release() {
      if (!held) return
      const { metadata, spec } = held
      held = undefined
      const empty = { ...spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: now() }
      await put('PUT', `${path}/${name}`, body(empty, metadata.resourceVersion), AbortSignal.timeout(REQUEST_MS))
    },
  }
}
