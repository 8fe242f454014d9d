// Opens what the roles share over Redis.
import { failure } from '@fleetcast/shared/runtime/failure'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import type { SetStore } from '@fleetcast/shared/store/set-store'

export interface StoreValues {
  readonly redis: string
  readonly prefix: string
  readonly sealKey: string | undefined
  readonly sealKeyFile: string | undefined
}

export async function openStore(_values: StoreValues, _logger: Logger): Promise<SetStore> {
  throw failure('Redis is not there yet')
}
