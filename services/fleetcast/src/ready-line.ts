// The line that `up` and `edge` print once they are ready: people and scripts wait for it.
import { type Address, formatAddress } from '@fleetcast/shared/runtime/address'

export interface Addresses {
  readonly grpc: Address | undefined
  readonly rest?: Address | undefined
  readonly admin: Address
}

export function readyLine({ grpc, rest, admin }: Addresses): string {
  const xds = grpc ? `xDS on ${formatAddress(grpc)}` : 'no xDS'
  const byRest = rest ? `, REST on http://${formatAddress(rest)}` : ''
  return `ready: ${xds}${byRest}, admin on http://${formatAddress(admin)}`
}
