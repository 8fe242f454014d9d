// From the start of `fleetcast up FOLDER` until a client that asks all the time has everything for the first time.
import { setTimeout as pause } from 'node:timers/promises'
import { fleetcast } from '../harness/fleetcast.ts'
import { freePort } from '../harness/free-port.ts'
import { type TempFolder, tempFolder } from '../harness/temp-folder.ts'
import { createXdsClient } from '../harness/xds-client.ts'
import { TYPES } from '../harness/xds-content.ts'
import { NODE_CLUSTER, type RawManifest, resetWorld } from './bench-world.ts'

const VERSIONS: Readonly<Record<RawManifest['kind'], string>> = {
  Service: 'v1',
  EndpointSlice: 'discovery.k8s.io/v1',
  ConfigMap: 'v1',
}
const OBJECTS_PER_FILE = 500
const MS_MAX = 120_000

export async function coldStartMs(services: number): Promise<number> {
  using folder = tempFolder()
  fill(folder, services)
  const [listen, admin] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`]
  const startedAt = performance.now()
  await using process = fleetcast(['up', folder.path, '--listen', listen], { admin })
  for (;;) {
    using client = createXdsClient({ server: listen, variant: 'delta', node: { id: 'first', cluster: NODE_CLUSTER } })
    try {
      const isComplete = (): boolean =>
        client.held(TYPES.cluster).size >= services && client.held(TYPES.endpoints).size >= services
      await client.until('the first complete answer', isComplete, MS_MAX)
      return performance.now() - startedAt
    } catch (error) {
      if (!process.isRunning() || performance.now() - startedAt > MS_MAX) throw error
      await pause(5)
    }
  }
}

function fill(folder: TempFolder, services: number): void {
  const world = resetWorld({ clusters: services, endpoints: 10 })
  for (let first = 0; first < world.length; first += OBJECTS_PER_FILE) {
    const items = world
      .slice(first, first + OBJECTS_PER_FILE)
      .map((manifest) => ({ apiVersion: VERSIONS[manifest.kind], ...manifest }))
    folder.write(`${first}.json`, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  }
}
