// `fleetcast edge`
import { failure } from '@fleetcast/shared/runtime/failure'
import type { edgeSettings } from './settings.ts'
import type { Run } from './verb.ts'

export const edge: Run<typeof edgeSettings> = async () => {
  throw failure('edge does not run yet')
}
