// `fleetcast watcher`
import { failure } from '@fleetcast/shared/runtime/failure'
import type { watcherSettings } from './settings.ts'
import type { Run } from './verb.ts'

export const watcher: Run<typeof watcherSettings> = async () => {
  throw failure('watcher does not run yet')
}
