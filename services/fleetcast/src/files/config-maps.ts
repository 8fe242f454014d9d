// Follows ConfigMaps by name, from a folder or from an API server itself (no log, no Redis: a file sidecar needs nothing else).
import type { ConfigMapObject, KubeObject, ObjectKey } from '@fleetcast/shared/objects/object'
import { formatProblem } from '@fleetcast/shared/objects/problem'
import type { Clock, Random } from '@fleetcast/shared/runtime/clock'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import type { SourceChoice } from '../source-of.ts'

/** By name; undefined for one that is not there. Told once all are known, and after every change. */
export type TellConfigMaps = (maps: ReadonlyMap<string, ConfigMapObject | undefined>) => void

export interface ConfigMapsOptions {
  readonly from: SourceChoice
  readonly names: readonly string[]
  /** Undefined: that of the API server's credentials; in a folder any, the first by name. */
  readonly namespace: string | undefined
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly tell: TellConfigMaps
}

/** Until the signal aborts. Fails for a kubeconfig file that can't be understood. */
export function followConfigMaps(options: ConfigMapsOptions, signal: AbortSignal): Promise<void> {
  return options.from.kind === 'folder'
    ? followFolder(options, options.from.folder, signal)
    : followApiServer(options, options.from, signal)
}

async function followFolder(options: ConfigMapsOptions, folder: string, signal: AbortSignal): Promise<void> {
  const { createFolderSource } = await import('@fleetcast/watcher/source/folder/folder')
  const { names, namespace, logger, tell } = options
  let objects = new Map<ObjectKey, KubeObject>()
  const show = (): void => {
    const maps = [...objects.values()]
      .filter((o): o is ConfigMapObject => o.kind === 'ConfigMap')
      .filter((o) => namespace === undefined || o.namespace === namespace)
      .sort((a, b) => (a.namespace < b.namespace ? -1 : 1))
    tell(new Map(names.map((name) => [name, maps.find((o) => o.name === name)])))
  }
  await createFolderSource({ ...options, folder }).run(
    {
      listed(list) {
        const kept = [...objects].filter(([key]) => list.keeps?.(key) && !list.objects.has(key))
        objects = new Map([...list.objects, ...kept])
        show()
      },
      changed(changes) {
        for (const { key, object } of changes) {
          if (object) objects.set(key, object)
          else objects.delete(key)
        }
        show()
      },
      problems(_about, problems) {
        for (const problem of problems) logger.warn({}, formatProblem(problem))
      },
      waiting(_about, reason) {
        if (reason !== undefined) logger.warn({ folder, reason }, 'waiting for the folder')
      },
    },
    signal,
  )
}

async function followApiServer(
  options: ConfigMapsOptions,
  access: Extract<SourceChoice, { kind: 'kube' }>,
  signal: AbortSignal,
): Promise<void> {
  const { createApiServer } = await import('@fleetcast/watcher/source/kube/api-server')
  const { createReflector } = await import('@fleetcast/watcher/source/kube/reflector')
  const { createReading } = await import('@fleetcast/watcher/source/kube/reading')
  const { names, logger, clock, tell } = options
  const api = createApiServer({ access, clock })
  const path = `/api/v1/namespaces/${options.namespace ?? api.namespace}/configmaps`
  const known = new Map<string, ConfigMapObject | undefined>()
  const learn = (name: string, object: KubeObject | undefined): void => {
    known.set(name, object?.kind === 'ConfigMap' ? object : undefined)
    if (known.size === names.length) tell(new Map(names.map((n) => [n, known.get(n)])))
  }
  const reading = createReading('ConfigMap', (_about, problems) => {
    for (const problem of problems) logger.warn({}, formatProblem(problem))
  })
  // By name each: rights on these ConfigMaps are all that is needed.
  const reflectors = names.map((name) => {
    const query = { kind: 'ConfigMap', path, selectors: { fieldSelector: `metadata.name=${name}` } } as const
    const sink = {
      listed: (objects: ReadonlyMap<ObjectKey, KubeObject>) => learn(name, [...objects.values()][0]),
      changed: ({ object }: { readonly object: KubeObject | undefined }) => learn(name, object),
      waiting: (reason: string | undefined) => {
        if (reason !== undefined) logger.warn({ configmap: name, reason }, 'the ConfigMap can not be read')
      },
    }
    return createReflector({ ...options, api, query, reading }).run(sink, signal)
  })
  await Promise.all(reflectors)
  await api.close()
}
