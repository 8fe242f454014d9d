// One process, a folder, a real Envoy: what people come with works as it stands, and traffic follows what they edit.
import { expect, it } from 'vitest'
import type { Delivery } from '../harness/bootstrap.ts'
import { describeWith } from '../harness/describe-with.ts'
import { type Envoy, startEnvoy } from '../harness/envoy.ts'
import { copyExample } from '../harness/example.ts'
import { type Fleetcast, fleetcast } from '../harness/fleetcast.ts'
import { freePort } from '../harness/free-port.ts'
import type { TempFolder } from '../harness/temp-folder.ts'
import { startTraffic } from '../harness/traffic.ts'
import { startUpstreams } from '../harness/upstreams.ts'
import { waitFor } from '../harness/wait-for.ts'

interface Served extends AsyncDisposable {
  readonly fleetcast: Fleetcast
  readonly envoy: Envoy
}

async function serve(folder: TempFolder, cluster: string, delivery: Delivery): Promise<Served> {
  const [listen, admin] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`]
  const command = fleetcast(['up', folder.path, '--listen', listen], { admin })
  await command.ready()
  const envoy = await startEnvoy({ id: 'test', cluster, delivery, servers: [listen] })
  return {
    fleetcast: command,
    envoy,
    [Symbol.asyncDispose]: async () => {
      await envoy.stop()
      await command.stop()
      folder[Symbol.dispose]()
    },
  }
}

/** The next answers on a path, as a set, once it is exactly the expected one. */
async function answersAre(envoy: Envoy, port: number, path: string, expected: readonly string[]): Promise<void> {
  await waitFor(`${path} to be answered by ${expected.join(', ')}`, async () => {
    const answers = new Set<string>()
    for (let i = 0; i < 4 * expected.length + 4; i++) {
      const { status, body } = await envoy.get(port, path)
      answers.add(status === 200 ? body : String(status))
    }
    if (answers.symmetricDifference(new Set(expected)).size > 0) throw new Error(`answered by ${[...answers]}`)
    return true
  })
}

async function expectContent(envoy: Envoy): Promise<void> {
  expect(await envoy.sum('.update_rejected')).toBe(0)
  const stats = await envoy.stats()
  expect(stats.get('control_plane.connected_state')).toBe(1)
  expect(stats.get('cluster_manager.warming_clusters')).toBe(0)
  expect(stats.get('listener_manager.total_listeners_warming')).toBe(0)
}

const LISTENERS = 'kubenvoy-xds-config.yaml'
const route = (prefix: string, clusters: readonly (readonly [service: string, weight: number])[]): string =>
  [
    '- match:',
    `    prefix: "${prefix}"`,
    '  route:',
    '    weighted_clusters:',
    '      clusters:',
    ...clusters.flatMap(([service, weight]) => [
      `        - name: kubenvoy://${service}.namespace:80`,
      `          weight: ${weight}`,
    ]),
  ]
    .map((line) => `${' '.repeat(26)}${line}\n`)
    .join('')

describeWith(['envoy'], 'a folder', () => {
  it.each<Delivery>(['delta-ads', 'sotw-ads'])(
    'Kubenvoy: routes, weights and endpoints follow the files (%s)',
    async (delivery) => {
      const port = await freePort()
      await using upstreams = await startUpstreams(3)
      const [first = '', second = '', third = ''] = upstreams.addresses
      const folder = copyExample('kubenvoy', [
        ['port_value: 80', `port_value: ${port}`],
        ['8081', String(upstreams.port)],
        ['8082', String(upstreams.port)],
        ['127.0.0.1', first],
      ])
      // The second slice of the file is that of some-other-svc.
      const [some = '', other = ''] = folder
        .read('services.yaml')
        .split(/(?<=\n)(?=---\napiVersion: v1\nkind: Service)/)
      folder.write('services.yaml', some + other.replace(first, second))
      await using served = await serve(folder, 'k8-kubenvoy', delivery)
      const { envoy } = served

      await answersAre(envoy, port, '/abc/', [second])
      await answersAre(envoy, port, '/bcd/', [first])
      const traffic = startTraffic(envoy, port, '/bcd/')

      // An endpoint more.
      folder.replace('services.yaml', `["${first}"]`, `["${first}"]\n  - addresses: ["${third}"]`)
      await answersAre(envoy, port, '/bcd/', [first, third])

      // A route more, and both its weights.
      const text = folder.read(LISTENERS)
      const bcd = `${' '.repeat(26)}- match:\n${' '.repeat(30)}prefix: "/bcd/"`
      const withRoute = (weights: readonly [number, number]): string =>
        text.replace(
          bcd,
          route('/new/', [
            ['some-svc', weights[0]],
            ['some-other-svc', weights[1]],
          ]) + bcd,
        )
      expect(text).toContain(bcd)
      folder.write(LISTENERS, withRoute([0, 100]))
      await answersAre(envoy, port, '/new/', [second])
      folder.write(LISTENERS, withRoute([100, 0]))
      await answersAre(envoy, port, '/new/', [first, third])

      // An endpoint less.
      folder.replace('services.yaml', `  - addresses: ["${first}"]\n`, '')
      await answersAre(envoy, port, '/bcd/', [third])

      expect(await traffic.stop()).toEqual([])
      await expectContent(envoy)
    },
  )

  it('front Envoy with STRICT_DNS: an envoy.yaml alone, in the syntax of its time', async () => {
    const port = await freePort()
    await using upstreams = await startUpstreams(2)
    const [first = '', second = ''] = upstreams.addresses
    const folder = copyExample('front-envoy-strict-dns', [
      ['port_value: 8000', `port_value: ${port}`],
      [
        'address: localhost\n            port_value: 8081',
        `address: ${first}\n            port_value: ${upstreams.port}`,
      ],
      [
        'address: localhost\n            port_value: 8082',
        `address: ${second}\n            port_value: ${upstreams.port}`,
      ],
    ])
    await using served = await serve(folder, 'front-envoy', 'delta-ads')
    await answersAre(served.envoy, port, '/service/1', [first])
    await answersAre(served.envoy, port, '/service/2', [second])
    await expectContent(served.envoy)
  })

  it('edge proxy: an envoy.yaml alone, changed without a restart', async () => {
    const port = await freePort()
    await using upstreams = await startUpstreams(2)
    const [first = '', second = ''] = upstreams.addresses
    const folder = copyExample('edge-proxy', [
      ['port_value: 30000', `port_value: ${port}`],
      ['ping-svc.default.svc.cluster.local', first],
      ['pong-svc.default.svc.cluster.local', second],
      ['port_value: 8080', `port_value: ${upstreams.port}`],
    ])
    await using served = await serve(folder, 'edge-proxy', 'delta-ads')
    const { envoy } = served
    await answersAre(envoy, port, '/pong', [second])
    await answersAre(envoy, port, '/ping', [first])
    await answersAre(envoy, port, '/', [first])
    folder.replace(
      'edge-proxy.yaml',
      '{ prefix: "/" }\n                          route: { cluster: ping-cluster }',
      '{ prefix: "/" }\n                          route: { cluster: pong-cluster }',
    )
    await answersAre(envoy, port, '/', [second])
    await expectContent(envoy)
  })

  it('the loader: file-based documents in a ConfigMap, weights shifted', async () => {
    const port = await freePort()
    await using upstreams = await startUpstreams(2)
    const [first = '', second = ''] = upstreams.addresses
    const folder = copyExample('configmap-loader', [
      ['port_value: 10000', `port_value: ${port}`],
      ['address: localhost, port_value: 8081', `address: ${first}, port_value: ${upstreams.port}`],
      ['address: localhost, port_value: 8082', `address: ${second}, port_value: ${upstreams.port}`],
    ])
    await using served = await serve(folder, 'gateway', 'delta-ads')
    const { envoy } = served
    await answersAre(envoy, port, '/', [first, second])
    const before = folder.read('envoy-xds.yaml')
    const parts = before.split('weight: 50')
    expect(parts).toHaveLength(3)
    folder.write('envoy-xds.yaml', `${parts[0]}weight: 100${parts[1]}weight: 0${parts[2]}`)
    await answersAre(envoy, port, '/', [first])
    await expectContent(envoy)
  })

  it('ekglue: its configuration file, with the locality of the Node', async () => {
    const port = await freePort()
    await using upstreams = await startUpstreams(1)
    const [first = ''] = upstreams.addresses
    const folder = copyExample('ekglue', [
      ['port_value: 10080', `port_value: ${port}`],
      ['127.0.0.1"', `${first}"`],
      ['8081', String(upstreams.port)],
    ])
    await using served = await serve(folder, 'ekglue', 'delta-ads')
    const { envoy } = served
    await answersAre(envoy, port, '/', [first])
    const clusters = await envoy.ask('/clusters')
    expect(clusters).toContain(`default:web:http::${first}:${upstreams.port}::zone::eu-west-1`)
    expect(clusters).not.toContain('default:kubernetes')
    await expectContent(envoy)
  })
})
