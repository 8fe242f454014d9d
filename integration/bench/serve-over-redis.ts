import type { Address } from '@fleetcast/shared/runtime/address'
import type { BenchSource } from './bench-source.ts'
import type { Plane } from './serve-embedded.ts'

export interface OverRedisOptions {
  readonly source: BenchSource
  readonly listen: Address
  readonly workers: number
  readonly redis?: string
}
export async function serveOverRedis(_options: OverRedisOptions, _signal: AbortSignal): Promise<Plane> {
  throw new Error('not there yet')
}
