// The parts of an API server's site together: its source, and the Lease that decides who leads. Composition only.
import type { Lock } from '@fleetcast/shared/log/leadership'
import type { ObjectLog } from '@fleetcast/shared/log/object-log'
import type { Source } from '../source.ts'
import { createApiServer } from './api-server.ts'
import { createKubeSource, type KubeDeps } from './kube.ts'
import type { KubeAccess } from './kubeconfig.ts'
import { createLease } from './lease.ts'

export interface CreateKubeDeps extends Omit<KubeDeps, 'api' | 'secrets'> {
  readonly site: string
  readonly access: KubeAccess
  readonly log: ObjectLog
}

export function createKube(deps: CreateKubeDeps): { readonly source: Source; readonly lock: Lock } {
  const api = createApiServer(deps)
  return {
    source: createKubeSource({ ...deps, api, secrets: deps.log.acceptsSecrets }),
    lock: createLease({ ...deps, api }),
  }
}
