// Where an edge listens and with which certificate, by the settings that `up` and `edge` share.
import type { Address } from '@fleetcast/shared/runtime/address'
import type { Clock } from '@fleetcast/shared/runtime/clock'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import { type Certificates, readCertificates } from '@fleetcast/xds-edge/transport/grpc/certificates'

export interface ListenValues {
  readonly listen: Address
  readonly rest: Address | undefined
  readonly tlsCert: string | undefined
  readonly tlsKey: string | undefined
  readonly clientCa: string | undefined
}

export interface EdgeListeners {
  readonly listen: Address
  readonly certificates?: Certificates
}

/** Fails where the first pair of certificate and key can't be used. */
export async function edgeListeners(values: ListenValues, clock: Clock, logger: Logger): Promise<EdgeListeners> {
  const { listen, tlsCert, tlsKey, clientCa } = values
  if (tlsCert === undefined || tlsKey === undefined) return { listen }
  const files = {
    certFile: tlsCert,
    keyFile: tlsKey,
    ...(clientCa === undefined ? {} : { clientCaFile: clientCa }),
  }
  return { listen, certificates: await readCertificates(files, clock, logger) }
}
