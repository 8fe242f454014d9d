// A source in this process: what the control contract writes arrives as if an API server had sent it. Objects are cut down
// by the watcher's own code, so that their cost counts.
import { KINDS, type KubeObject, type ObjectKey, objectKey } from '@fleetcast/shared/objects/object'
import { cutObject } from '@fleetcast/watcher/cut/cut-object'
import type { Sink, Source } from '@fleetcast/watcher/source/source'
import { NAMESPACE, type RawManifest } from './bench-world.ts'

export interface BenchSource extends Source {
  /** The whole world; what is not in it is gone. */
  replace(manifests: readonly RawManifest[]): void
  /** Objects that are new or changed. */
  write(manifests: readonly RawManifest[]): void
}

export function createBenchSource(): BenchSource {
  let objects = new Map<ObjectKey, KubeObject>()
  let sink: Sink | undefined
  const cut = (manifests: readonly RawManifest[]): KubeObject[] =>
    manifests.flatMap((raw) => {
      const { objects, mistakes } = cutObject({ kind: raw.kind, namespace: NAMESPACE, raw })
      if (mistakes.length > 0) throw new Error(`${raw.kind} ${raw.metadata.name}: ${JSON.stringify(mistakes)}`)
      return objects
    })
  const list = (): void => sink?.listed({ kinds: KINDS, objects: new Map(objects) })
  return {
    name: 'bench',
    kinds: KINDS,
    replace(manifests) {
      objects = new Map(cut(manifests).map((object) => [objectKey(object), object]))
      list()
    },
    write(manifests) {
      const changes = cut(manifests).map((object) => ({ key: objectKey(object), object }))
      for (const { key, object } of changes) objects.set(key, object)
      sink?.changed(changes)
    },
    run(to, signal) {
      sink = to
      list()
      return new Promise((resolve) =>
        signal.addEventListener(
          'abort',
          () => {
            sink = undefined
            resolve()
          },
          { once: true },
        ),
      )
    },
  }
}
