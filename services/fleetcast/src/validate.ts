// `fleetcast validate`
import { failure } from '@fleetcast/shared/runtime/failure'
import type { validateSettings } from './settings.ts'
import type { Run } from './verb.ts'

export const validate: Run<typeof validateSettings> = async () => {
  throw failure('validate does not run yet')
}
