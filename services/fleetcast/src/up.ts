// `fleetcast up`
import { failure } from '@fleetcast/shared/runtime/failure'
import type { upSettings } from './settings.ts'
import type { Run } from './verb.ts'

export const up: Run<typeof upSettings> = async () => {
  throw failure('up does not run yet')
}
