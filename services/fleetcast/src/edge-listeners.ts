// Where an edge listens and with which certificate, by the settings that `up` and `edge` share.
import type { Address } from '@fleetcast/shared/runtime/address'
import { listenFailure } from '@fleetcast/shared/runtime/admin'
import type { Clock } from '@fleetcast/shared/runtime/clock'
import type { Logger } from '@fleetcast/shared/runtime/logger'
import type { Edge } from '@fleetcast/xds-edge/edge'
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
  readonly rest: Address | undefined
  readonly certificates?: Certificates
}

/** Fails where the first pair of certificate and key can't be used. */
export async function edgeListeners(values: ListenValues, clock: Clock, logger: Logger): Promise<EdgeListeners> {
  const { listen, rest, tlsCert, tlsKey, clientCa } = values
  if (tlsCert === undefined || tlsKey === undefined) return { listen, rest }
  const files = {
    certFile: tlsCert,
    keyFile: tlsKey,
    ...(clientCa === undefined ? {} : { clientCaFile: clientCa }),
  }
  return { listen, rest, certificates: await readCertificates(files, clock, logger) }
}

/** Starts the edge; an address that is taken becomes a message that names its flag. */
export async function startEdge(edge: Edge, { listen, rest }: ListenValues): Promise<void> {
  try {
    await edge.start()
  } catch (error) {
    const port = error instanceof Error && 'port' in error ? error.port : undefined
    const isRest = rest !== undefined && rest.port === port && listen.port !== port
    throw isRest ? listenFailure(error, rest, '--rest') : listenFailure(error, listen, '--listen')
  }
}
