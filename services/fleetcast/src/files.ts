// `fleetcast files`
import { failure } from '@fleetcast/shared/runtime/failure'
import type { filesSettings } from './settings.ts'
import type { Run } from './verb.ts'

export const files: Run<typeof filesSettings> = async () => {
  throw failure('files does not run yet')
}
