// `fleetcast files`: what it writes for an Envoy that reads files, from ConfigMaps of a folder and from a fleet of an edge,
// once or for as long as it runs. clients/envoy-deliveries.test.ts has an Envoy read them.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { CERTIFICATE, KEY } from '@fleetcast/shared/envoy/checks/testing/certificates'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ownSource } from '../harness/bootstrap.ts'
import { type Fleetcast, fleetcast } from '../harness/fleetcast.ts'
import { freePort } from '../harness/free-port.ts'
import { type TempFolder, tempFolder } from '../harness/temp-folder.ts'
import { waitFor } from '../harness/wait-for.ts'

let objects: TempFolder
let output: TempFolder
beforeEach(() => {
  objects = tempFolder()
  output = tempFolder()
})
afterEach(() => {
  objects[Symbol.dispose]()
  output[Symbol.dispose]()
})

const configMap = (name: string, data: Readonly<Record<string, string>>, namespace = 'default'): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data })

/** What an Envoy sees, without what the writer keeps for itself. */
const written = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(output.path, { recursive: true, encoding: 'utf8' })
      .filter((name) => !name.startsWith('.') && !name.startsWith('current') && statSync(place(name)).isFile())
      .sort()
      .map((name) => [name, readFileSync(place(name), 'utf8')]),
  )
const place = (name: string): string => join(output.path, name)

const start = (line: string): Fleetcast =>
  fleetcast([...line.split(' ').filter((word) => word !== ''), '--output-dir', output.path], {
    environment: { FLEETCAST_LOG_LEVEL: 'warn' },
  })

async function ended(line: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  await using process = start(line)
  const { code } = await process.exited
  return { code, stdout: process.stdout(), stderr: process.stderr() }
}

const CDS = 'resources:\n- "@type": type.googleapis.com/envoy.config.cluster.v3.Cluster\n  name: a\n'
const WRONG = CDS.replace('name', 'nmae')

describe('ConfigMaps, once', () => {
  interface Row {
    readonly what: string
    readonly line: string
    readonly maps: readonly string[]
    readonly files: Readonly<Record<string, string>>
    readonly said?: RegExp
    readonly printed?: string
  }
  const rows: Row[] = [
    {
      what: 'every key is a file',
      line: '--configmap a',
      maps: [configMap('a', { 'cds.yaml': CDS, 'notes.txt': 'any text' }), configMap('b', { other: '1' })],
      files: { 'cds.yaml': CDS, 'notes.txt': 'any text' },
    },
    {
      what: 'several',
      line: '--configmap a --configmap b',
      maps: [configMap('a', { one: '1' }), configMap('b', { two: '2' })],
      files: { one: '1', two: '2' },
    },
    {
      what: 'the same key twice',
      line: '--configmap a --configmap b',
      maps: [configMap('a', { one: '1' }), configMap('b', { one: '2' })],
      files: { one: '2' },
      said: /ConfigMap\/default\/b one: another ConfigMap has the same key: this one is taken/,
    },
    {
      what: 'of a namespace',
      line: '--configmap a --namespace shop',
      maps: [configMap('a', { one: '1' }), configMap('a', { one: '2' }, 'shop')],
      files: { one: '2' },
    },
    {
      what: 'a key that is no name of a file',
      line: '--configmap a',
      maps: [configMap('a', { one: '1', '..hidden': '2' })],
      files: { one: '1' },
      said: /\.\.hidden: is no name of a file: it is not written/,
    },
    {
      what: 'a document with a mistake',
      line: '--configmap a',
      maps: [configMap('a', { one: '1', 'cds.yaml': WRONG })],
      files: { one: '1' },
      said: /ConfigMap\/default\/a.* cds\.yaml:3:3 .*has no field .*nmae/,
    },
    {
      what: 'tried only',
      line: '--configmap a --dry-run',
      maps: [configMap('a', { one: '1', two: '2' })],
      files: {},
      printed: 'would write one\nwould write two\n',
    },
  ]
  it.each(rows)('$what', async ({ line, maps, files, said, printed = '' }) => {
    for (const [at, map] of maps.entries()) objects.write(`${at}.json`, map)
    const { code, stdout, stderr } = await ended(`files --folder ${objects.path} --onetime ${line}`)
    expect([code, stdout, written()]).toEqual([0, printed, files])
    if (said) expect(stderr).toMatch(said)
    else expect(stderr).toBe('')
  })

  it('one that is not there: nothing is written, and what was written stays', async () => {
    objects.write('a.json', configMap('a', { one: '1' }))
    await ended(`files --folder ${objects.path} --onetime --configmap a`)
    const { code, stderr } = await ended(`files --folder ${objects.path} --onetime --configmap a --configmap b`)
    expect([code, stderr, written()]).toEqual([1, 'there is no ConfigMap b\n', { one: '1' }])
  })
})

describe('ConfigMaps, for as long as it runs', () => {
  it('changes follow; a mistake keeps the last good form; what is gone goes later; it ends with the signal', async () => {
    objects.write('a.json', configMap('a', { 'cds.yaml': CDS, one: '1' }))
    await using process = start(`files --folder ${objects.path} --configmap a --remove-after 300ms`)
    const until = (files: Readonly<Record<string, string>>) =>
      waitFor(`the files ${JSON.stringify(files)}`, () => {
        expect(written()).toEqual(files)
        return true
      })
    await until({ 'cds.yaml': CDS, one: '1' })
    objects.write('a.json', configMap('a', { 'cds.yaml': CDS, one: '2' }))
    await until({ 'cds.yaml': CDS, one: '2' })
    // Rule 5 of the design: the neighbour goes on.
    objects.write('a.json', configMap('a', { 'cds.yaml': WRONG, one: '3' }))
    await until({ 'cds.yaml': CDS, one: '3' })
    expect(process.stderr()).toMatch(/cds\.yaml:3:3 .*has no field .*nmae/)
    objects.write('a.json', configMap('a', { 'cds.yaml': CDS.replace('name: a', 'name: b') }))
    await until({ 'cds.yaml': CDS.replace('name: a', 'name: b'), one: '3' })
    await until({ 'cds.yaml': CDS.replace('name: a', 'name: b') })
    // Rule 2 of the design: the map that is gone takes nothing away.
    objects.remove('a.json')
    await process.line(/there is no ConfigMap a/)
    expect(Object.keys(written())).toEqual(['cds.yaml'])
    expect((await process.stop()).code).toBe(0)
  })
})

describe('a fleet', () => {
  let folder: TempFolder
  let edge: Fleetcast
  let listen = ''

  const ads = ownSource('delta-ads')
  const TLS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3'
  const FILTER = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'
  const fleet = (domain: string): string =>
    JSON.stringify({
      kind: 'List',
      items: [
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'svc', namespace: 'shop' },
          spec: { ports: [{ name: 'http', port: 80 }] },
        },
        {
          apiVersion: 'v1',
          kind: 'Secret',
          type: 'kubernetes.io/tls',
          metadata: { name: 'cert', namespace: 'shop' },
          data: {
            'tls.crt': Buffer.from(CERTIFICATE).toString('base64'),
            'tls.key': Buffer.from(KEY).toString('base64'),
          },
        },
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'web', namespace: 'shop', labels: { 'fleetcast.dev/fleet': 'web' } },
          data: {
            'routes.yaml': JSON.stringify([
              {
                name: 'main',
                virtual_hosts: [
                  {
                    name: 'all',
                    domains: [domain],
                    routes: [{ match: { prefix: '/' }, route: { cluster: 'shop/svc/http' } }],
                  },
                ],
              },
            ]),
            'listeners.yaml': JSON.stringify([
              {
                name: 'main',
                address: { socket_address: { address: '127.0.0.1', port_value: 10000 } },
                filter_chains: [
                  {
                    filters: [
                      {
                        name: 'http',
                        typed_config: {
                          '@type': FILTER,
                          stat_prefix: 'main',
                          rds: { route_config_name: 'main', config_source: ads },
                        },
                      },
                    ],
                    transport_socket: {
                      name: 'tls',
                      typed_config: {
                        '@type': `${TLS}.DownstreamTlsContext`,
                        common_tls_context: {
                          tls_certificate_sds_secret_configs: [{ name: 'shop/cert', sds_config: ads }],
                        },
                      },
                    },
                  },
                ],
              },
            ]),
          },
        },
      ],
    })

  beforeAll(async () => {
    folder = tempFolder()
    folder.write('web.json', fleet('*'))
    // With one fleet only, every node would get that one.
    folder.write('other.yaml', 'static_resources: { clusters: [] }\n')
    listen = `127.0.0.1:${await freePort()}`
    edge = fleetcast(['up', folder.path, '--listen', listen], { admin: `127.0.0.1:${await freePort()}` })
    await edge.ready()
  })
  afterAll(async () => {
    await edge.stop()
    folder[Symbol.dispose]()
  })

  const FILES = ['cds.yaml', 'eds/shop%2Fsvc%2Fhttp.yaml', 'lds.yaml', 'rds/main.yaml', 'sds/shop%2Fcert.yaml']

  it('once: a file a resource, references turned to files, secrets for this user only', async () => {
    const { code, stderr } = await ended(`files --fleet web --edge ${listen} --onetime`)
    expect([code, stderr, Object.keys(written())]).toEqual([0, '', FILES])
    const texts = written()
    // Rule 8 of the design: what it holds stands in its own file only.
    const holders = Object.entries(texts).filter(([, text]) => text.includes('PRIVATE KEY'))
    expect(holders.map(([name]) => name)).toEqual(['sds/shop%2Fcert.yaml'])
    expect(FILES.map((name) => (statSync(place(name)).mode & 0o077) === 0)).toEqual(
      FILES.map((f) => f.startsWith('sds/')),
    )
    for (const text of Object.values(texts)) expect(text).not.toMatch(/"ads"/)
    for (const [file, target] of [
      ['cds.yaml', 'eds/shop%2Fsvc%2Fhttp.yaml'],
      ['lds.yaml', 'rds/main.yaml'],
      ['lds.yaml', 'sds/shop%2Fcert.yaml'],
    ] as const) {
      expect(texts[file]).toContain(`"path": "${place(target)}"`)
      expect(existsSync(place(target))).toBe(true)
    }
    // Equal content gives equal files: nothing is written again.
    const again = await ended(`files --fleet web --edge ${listen} --dry-run`)
    expect([again.code, again.stdout]).toEqual([0, ''])
  })

  it('tried only', async () => {
    const { code, stdout } = await ended(`files --fleet web --edge ${listen} --dry-run`)
    expect([code, written()]).toEqual([0, {}])
    expect(stdout.trimEnd().split('\n').sort()).toEqual(FILES.map((name) => `would write ${name}`))
  })

  it('that nobody serves is waited for, and it says so', async () => {
    await using process = start(`files --fleet none --edge ${listen} --onetime`)
    await process.line(/the edge has not answered yet: does it serve this fleet\?/)
    expect([(await process.stop()).code, written()]).toEqual([0, {}])
  })

  it('for as long as it runs, and through an edge that was away', async () => {
    await using process = start(`files --fleet web --edge ${listen}`)
    const until = (domain: string) =>
      waitFor(`a route for ${domain}`, () => written()['rds/main.yaml']?.includes(JSON.stringify(domain)) ?? false)
    await until('*')
    folder.write('web.json', fleet('one.example'))
    await until('one.example')
    const before = written()
    await edge.kill()
    await process.line(/the stream to the edge ended; trying again/)
    expect(written()).toEqual(before)
    folder.write('web.json', fleet('two.example'))
    edge = fleetcast(['up', folder.path, '--listen', listen], { admin: `127.0.0.1:${await freePort()}` })
    await until('two.example')
    expect((await process.stop()).code).toBe(0)
  })
})
