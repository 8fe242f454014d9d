// `fleetcast bootstrap`: prints the bootstrap file of an Envoy, or of a gRPC application, that asks an edge for everything. Starts and asks nothing.
import { hostname } from 'node:os'
import { stringify } from 'yaml'
import { envoyBootstrap } from './envoy-bootstrap.ts'
import { grpcBootstrap } from './grpc-bootstrap.ts'
import type { bootstrapSettings } from './settings.ts'
import type { Run } from './verb.ts'

export const bootstrap: Run<typeof bootstrapSettings> = async ({ values, terminal }) => {
  const { protocol, ...others } = { ...values, nodeId: values.nodeId ?? hostname() }
  const document = protocol === 'grpc' ? grpcBootstrap(others) : envoyBootstrap({ ...others, protocol })
  if (values.json || protocol === 'grpc') terminal.printJson(document)
  else terminal.print(stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd())
  return 0
}
