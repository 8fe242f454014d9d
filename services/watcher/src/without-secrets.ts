// For a log that can't keep Secrets sealed: none gets into it, and each is a problem that says what to do (rule 8).
import type { KubeObject, ObjectKey } from '@fleetcast/shared/objects/object'
import type { Problem } from '@fleetcast/shared/objects/problem'
import type { Sink } from './source/source.ts'

export function withoutSecrets(sink: Sink): Sink {
  const refuse = (key: ObjectKey, there: boolean): void => sink.problems(`seal ${key}`, there ? [unsealed(key)] : [])
  const isSecret = (key: ObjectKey): boolean => key.startsWith('Secret/')
  return {
    ...sink,
    listed(list) {
      const kept = new Map<ObjectKey, KubeObject>()
      for (const [key, object] of list.objects) {
        if (object.kind === 'Secret') refuse(key, true)
        else kept.set(key, object)
      }
      sink.listed({ ...list, objects: kept })
    },
    changed(changes) {
      for (const { key, object } of changes) if (isSecret(key)) refuse(key, object !== undefined)
      sink.changed(changes.filter(({ key }) => !isSecret(key)))
    },
  }
}

const unsealed = (object: ObjectKey): Problem => ({
  severity: 'error',
  code: 'secret',
  message: 'is not used: Secrets over Redis need FLEETCAST_SEAL_KEY or FLEETCAST_SEAL_KEY_FILE',
  place: { object },
})
