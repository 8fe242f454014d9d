// `fleetcast publisher`
import { failure } from '@fleetcast/shared/runtime/failure'
import type { publisherSettings } from './settings.ts'
import type { Run } from './verb.ts'

export const publisher: Run<typeof publisherSettings> = async () => {
  throw failure('publisher does not run yet')
}
