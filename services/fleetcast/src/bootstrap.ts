// `fleetcast bootstrap`: prints the bootstrap file of an Envoy that asks an edge for everything. Starts and asks nothing.
import { hostname } from 'node:os'
import { stringify } from 'yaml'
import { envoyBootstrap } from './envoy-bootstrap.ts'
import type { bootstrapSettings } from './settings.ts'
import type { Run } from './verb.ts'

export const bootstrap: Run<typeof bootstrapSettings> = async ({ values, terminal }) => {
  const document = envoyBootstrap({ ...values, nodeId: values.nodeId ?? hostname() })
  if (values.json) terminal.printJson(document)
  else terminal.print(stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd())
  return 0
}
