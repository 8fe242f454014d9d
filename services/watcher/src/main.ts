// The watcher of one site over given parts: which source, who may lead. Composition only.
import { alwaysLeads, createElection, type Leadership, type Lock } from '@fleetcast/shared/log/leadership'
import type { ObjectLog } from '@fleetcast/shared/log/object-log'
import type { Clock, Random } from '@fleetcast/shared/runtime/clock'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import type { Metrics } from '@fleetcast/shared/runtime/metrics'
import { createFolderSource } from './source/folder/folder.ts'
import type { Source } from './source/source.ts'
import { createWatcher, type Watcher } from './watcher.ts'

export interface WatcherSettings {
  readonly site: string
  /** Where objects come from. `kube` without a file: the cluster that this process runs in. */
  readonly from:
    | { readonly kind: 'folder'; readonly folder: string }
    | { readonly kind: 'kube'; readonly kubeconfig?: string; readonly context?: string }
  /** True where other processes may write the same log: a Lease decides for an API server, `folderLock` for a folder. */
  readonly shared: boolean
}

export interface WatcherParts {
  readonly log: ObjectLog
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: Metrics
  /** Decides who leads a folder's site when `shared`. */
  readonly folderLock?: Lock
}

/** Makes the watcher of the settings; it does nothing until it runs. Fails for a kubeconfig that can't be understood. */
export async function createWatcherOf(settings: WatcherSettings, parts: WatcherParts): Promise<Watcher> {
  const { source, lock } = await sourceOf(settings, parts)
  const leadership: Leadership = settings.shared && lock ? createElection({ ...parts, lock }) : alwaysLeads
  return createWatcher({ ...parts, site: settings.site, source, leadership })
}

async function sourceOf(settings: WatcherSettings, parts: WatcherParts): Promise<{ source: Source; lock?: Lock }> {
  const { from } = settings
  if (from.kind === 'folder') {
    const source = createFolderSource({ ...parts, folder: from.folder })
    return parts.folderLock ? { source, lock: parts.folderLock } : { source }
  }
  // Loading a Kubernetes client takes a second that nobody with a folder should wait.
  const { createKube } = await import('./source/kube/create-kube.ts')
  return createKube({ ...parts, site: settings.site, access: from })
}
