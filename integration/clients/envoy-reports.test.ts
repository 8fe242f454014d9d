// What a real Envoy tells an edge: its load reports (LRS), summed by cluster in the metrics, and what it took (CSDS), resource by
// resource. Read by grpc-js and by HTTP, as an operator would.
import { decodeMessage } from '@fleetcast/shared/envoy/encode'
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import { expect, it } from 'vitest'
import { envoyBootstrap } from '../harness/bootstrap.ts'
import { describeWith } from '../harness/describe-with.ts'
import { startEnvoy } from '../harness/envoy.ts'
import { copyExample } from '../harness/example.ts'
import { fleetcast } from '../harness/fleetcast.ts'
import { freePort } from '../harness/free-port.ts'
import { startUpstreams } from '../harness/upstreams.ts'
import { waitFor } from '../harness/wait-for.ts'
import { connectXds } from '../harness/xds-client.ts'

const CSDS = '/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus'
const REQUESTS = 25

/** One question by gRPC, as bytes. */
function askOnce(listen: string, path: string): Promise<Buffer> {
  const grpc = connectXds(listen)
  const same = (bytes: Buffer): Buffer => bytes
  return new Promise<Buffer>((resolve, reject) => {
    grpc.makeUnaryRequest(path, same, same, Buffer.alloc(0), (error, answer) => {
      if (error || answer === undefined) reject(error ?? new Error('no answer'))
      else resolve(answer)
    })
  }).finally(() => grpc.close())
}

describeWith(['envoy'], 'what an Envoy tells', () => {
  it('its load is summed by cluster, and its status says what it took', async () => {
    const [port, listen, admin] = [await freePort(), `127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`]
    await using upstreams = await startUpstreams(1)
    using folder = copyExample('kubenvoy', [
      ['port_value: 80', `port_value: ${port}`],
      ['8081', String(upstreams.port)],
      ['8082', String(upstreams.port)],
      ['127.0.0.1', upstreams.addresses[0] ?? ''],
    ])
    await using command = fleetcast(['up', folder.path, '--listen', listen], { admin })
    await command.ready()
    const bootstrap = JSON.parse(
      envoyBootstrap({ id: 'reporter', cluster: 'k8-kubenvoy', delivery: 'delta-ads', servers: [listen] }),
    )
    bootstrap.cluster_manager = {
      load_stats_config: {
        ...{ api_type: 'GRPC', transport_api_version: 'V3' },
        grpc_services: [{ envoy_grpc: { cluster_name: 'management' } }],
      },
    }
    await using envoy = await startEnvoy({ bootstrap: JSON.stringify(bootstrap) })
    await waitFor('the route', async () => (await envoy.get(port, '/bcd/')).status === 200)
    // Envoy reports every ten seconds, because the edge says so, and counts from the first report after it has the cluster.
    const load = async (name: string): Promise<number | undefined> => {
      const { body } = await command.ask('/metrics')
      const [, value] =
        new RegExp(`^fleetcast_edge_load_${name}_total\\{cluster="kubenvoy://some-svc.*"\\} (\\d+)$`, 'm').exec(body) ??
        []
      return value === undefined ? undefined : Number(value)
    }
    let sent = 0
    const isReported = async (): Promise<boolean> => {
      expect((await envoy.get(port, '/bcd/')).status).toBe(200)
      sent++
      return ((await load('requests')) ?? 0) >= REQUESTS
    }
    await waitFor('the load report', isReported, { timeoutMs: 60_000, everyMs: 100 })
    expect(await load('requests')).toBeLessThanOrEqual(sent)
    expect(await load('successes')).toBeGreaterThanOrEqual(REQUESTS)
    expect(await load('errors')).toBe(0)

    const types = createEnvoyTypes()
    const answer = decodeMessage('envoy.service.status.v3.ClientStatusResponse', await askOnce(listen, CSDS), types)
    const { config } = answer as {
      config: { node: { id: string }; generic_xds_configs: { name: string; client_status: string }[] }[]
    }
    expect(config.map((one) => one.node.id)).toEqual(['reporter'])
    const [{ generic_xds_configs: resources = [] } = {}] = config
    expect(resources.length).toBeGreaterThanOrEqual(5)
    expect([...new Set(resources.map((one) => one.client_status))]).toEqual(['ACKED'])
  })
})
