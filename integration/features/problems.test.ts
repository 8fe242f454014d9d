// What is wrong in what a user wrote: a problem with ConfigMap, key, line and path, logged once, shown by `status` and
// `/status`; what was good stays, neighbours go on, and `validate` says the same without a server (rule 5 of the design).
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Fleetcast, fleetcast } from '../harness/fleetcast.ts'
import { freePort } from '../harness/free-port.ts'
import { type TempFolder, tempFolder } from '../harness/temp-folder.ts'
import { waitFor } from '../harness/wait-for.ts'
import { createXdsClient } from '../harness/xds-client.ts'
import { TYPES } from '../harness/xds-content.ts'

const LISTENERS = `- name: main
  address: { socket_address: { address: 127.0.0.1, port_value: 10000 } }
  filter_chains:
  - filters:
    - name: tcp
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
        stat_prefix: main
        cluster: good
- name: other
  address: { socket_address: { address: 127.0.0.1, port_value: 10001 } }
  default_filter_chain: { filters: [] }
`
const CLUSTERS = `- name: good
  connect_timeout: 1s
- name: neighbour
  connect_timeout: 1s
`
const SETTINGS = 'services: all\n'
const KEYS: Readonly<Record<string, string>> = {
  'clusters.yaml': CLUSTERS,
  'listeners.yaml': LISTENERS,
  'fleet.yaml': SETTINGS,
}

const configMap = (keys: Readonly<Record<string, string>>): string => {
  const data = Object.entries(keys).map(([key, text]) => `  ${key}: |\n${text.replace(/^(?=.)/gm, '    ')}`)
  return `apiVersion: v1
kind: ConfigMap
metadata: { name: web, namespace: shop, labels: { fleetcast.dev/fleet: web } }
data:
${data.join('')}`
}

interface Mistake {
  readonly key: string
  /** What stands in the place of what. */
  readonly from: string
  readonly to: string
  /** Where, as `line:column path`, within the key. */
  readonly at: string
  readonly code: string
  readonly message: RegExp
  /** A resource whose last good form stays. */
  readonly keeps: string
}

const mistakes: [name: string, mistake: Mistake][] = [
  [
    'a YAML mistake',
    {
      key: 'clusters.yaml',
      from: '- name: good\n  connect_timeout: 1s',
      to: '- name: good\n  connect_timeout: *1s',
      at: '2:20 [0].connect_timeout',
      code: 'yaml',
      message: /there is no anchor "&1s"/,
      keeps: 'good',
    },
  ],
  [
    'an unknown field',
    {
      key: 'clusters.yaml',
      from: '- name: good\n  connect_timeout',
      to: '- name: good\n  conect_timeout',
      at: '2:3 [0].conect_timeout',
      code: 'field',
      message: /no field "conect_timeout" \(did you mean "connect_timeout"\?\)/,
      keeps: 'good',
    },
  ],
  [
    'a violation of a rule of the API',
    {
      key: 'clusters.yaml',
      from: '- name: good\n  connect_timeout: 1s',
      to: '- name: good\n  connect_timeout: 0s',
      at: '2:3 [0].connect_timeout',
      code: 'rule',
      message: /connect_timeout must be greater than 0s/,
      keeps: 'good',
    },
  ],
  [
    'a reference to nothing',
    {
      key: 'listeners.yaml',
      from: 'cluster: good',
      to: 'cluster: absent',
      at: '9:9 [0].filter_chains[0].filters[0].typed_config.cluster',
      code: 'reference',
      message: /there is no cluster "absent"/,
      keeps: 'main',
    },
  ],
  [
    'two listeners at one address',
    {
      key: 'listeners.yaml',
      from: 'port_value: 10001',
      to: 'port_value: 10000',
      at: '10:3 [1]',
      code: 'duplicate',
      message: /"main".* listens at TCP 127\.0\.0\.1:10000 already/,
      keeps: 'other',
    },
  ],
  [
    'a name that is given twice',
    {
      key: 'clusters.yaml',
      from: '- name: neighbour',
      to: '- name: good\n  connect_timeout: 2s\n- name: neighbour',
      at: '3:3 [1]',
      code: 'duplicate',
      message: /the name "good" is given twice/,
      keeps: 'good',
    },
  ],
  [
    'a wrong setting',
    {
      key: 'fleet.yaml',
      from: 'services: all',
      to: 'services: some',
      at: '1:1 services',
      code: 'field',
      message: /expected `all`/,
      keeps: 'shop/s/http',
    },
  ],
]

const SERVICE = `apiVersion: v1
kind: Service
metadata: { name: s, namespace: shop }
spec: { ports: [ { name: http, port: 80 } ] }
`

describe('problems', () => {
  let folder: TempFolder
  let up: Fleetcast
  let admin = ''
  beforeAll(async () => {
    folder = tempFolder()
    folder.write('web.yaml', configMap(KEYS))
    folder.write('service.yaml', SERVICE)
    admin = `127.0.0.1:${await freePort()}`
    up = fleetcast(['up', folder.path, '--listen', `127.0.0.1:${await freePort()}`], { admin })
    await up.ready()
  })
  afterAll(async () => {
    await up.stop()
    folder[Symbol.dispose]()
  })

  const status = async (): Promise<{ readonly problems: readonly { readonly code: string }[] }> =>
    JSON.parse((await up.ask('/status')).body)
  const versionOf = async (name: string): Promise<string> => {
    const found: { readonly version?: string }[] = JSON.parse((await up.ask(`/explain?name=${name}`)).body)
    return found.map(({ version }) => version ?? '').join()
  }

  const allRight = async (): Promise<void> => {
    folder.write('web.yaml', configMap(KEYS))
    await waitFor('no problem', async () => (await status()).problems.length === 0)
  }
  afterEach(allRight)

  it.each(mistakes)('%s', async (_name, { key, from, to, at, code, message, keeps }) => {
    const [before, neighbour] = [await versionOf(keeps), await versionOf('neighbour')]
    const logged = up.stderr().length
    const [where, path] = at.split(' ')
    // A neighbour's change in the same writing takes effect where the text can be read.
    const text = KEYS[key]!.replace(from, to)
    expect(text).not.toBe(KEYS[key])
    folder.write('web.yaml', configMap({ ...KEYS, [key]: text }))
    const problems = await waitFor('the problem', async () => {
      const found = (await status()).problems
      return found.some((problem) => problem.code === code) ? found : undefined
    })
    const [line, column] = where!.split(':').map(Number)
    const place = { site: 'local', object: 'ConfigMap/shop/web', file: 'web.yaml', key, line, column }
    expect(problems).toContainEqual({
      severity: 'error',
      code,
      message: expect.stringMatching(message),
      place: path === undefined ? place : { ...place, path },
    })
    expect(await versionOf(keeps)).toBe(before)
    expect(await versionOf('neighbour')).toBe(neighbour)

    const shown = fleetcast(['status'], { admin })
    expect((await shown.exited).code).toBe(0)
    const lines = shown
      .stdout()
      .split('\n')
      .filter((each) => each.startsWith('error:'))
    const word = `ConfigMap/shop/web web.yaml ${key}:${where}${path === undefined ? '' : ` ${path}`}: `
    expect(lines.filter((each) => each.startsWith(`error: local ${word}`) && message.test(each))).toHaveLength(1)

    const checked = fleetcast(['validate', folder.path])
    expect((await checked.exited).code).toBe(1)
    expect(
      checked
        .stdout()
        .split('\n')
        .filter((each) => each.startsWith('error:')),
    ).toEqual(expect.arrayContaining(lines.map((each) => each.replace('error: local ', 'error: '))))

    const told = up
      .stderr()
      .slice(logged)
      .split('\n')
      .filter((each) => each.includes(`"code":"${code}"`))
    expect(told.filter((each) => each.includes(JSON.stringify(`error: local ${word}`).slice(1, -1)))).toHaveLength(1)

    await allRight()
    expect(await versionOf(keeps)).toBe(before)
  })

  it('a file that can not be read at all, beside files that can', async () => {
    folder.write('broken.yaml', 'kind: [')
    const problems = await waitFor('the problem', async () => {
      const found = (await status()).problems
      return found.length > 0 ? found : undefined
    })
    expect(problems[0]).toMatchObject({ severity: 'error', place: { site: 'local', file: 'broken.yaml', line: 1 } })
    folder.remove('broken.yaml')
    await allRight()
  })

  it('what an Envoy refuses: by the name in its words, with the place where that was written', async () => {
    const words = 'Error adding/updating listener(s) other: cannot bind'
    const judge = ({ type }: { readonly type: string }) => (type === TYPES.listener ? words : undefined)
    // A process of its own: what a node said is told for a minute after it left.
    const [at, xds] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`]
    await using second = fleetcast(['up', folder.path, '--listen', xds], { admin: at })
    await second.ready()
    using client = createXdsClient({ server: xds, variant: 'delta', node: { id: 'n1', cluster: 'web' }, judge })
    await client.until('the listeners', () => client.arrivals.some(({ type }) => type === TYPES.listener))
    const place = {
      site: 'local',
      object: 'ConfigMap/shop/web',
      file: 'web.yaml',
      key: 'listeners.yaml',
      line: 10,
      column: 3,
    }
    await waitFor('the refusal', async () => {
      const message = `refused by n1 (lds of fleet web): ${words}`
      expect(JSON.parse((await second.ask('/status')).body).problems).toContainEqual({
        severity: 'error',
        code: 'refused',
        message,
        place: { ...place, path: '[1]' },
      })
      return true
    })
  })

  it('a fleet in which nothing is right keeps no other from being served, and up is ready', async () => {
    using wrong = tempFolder()
    wrong.write('wrong.yaml', configMap({ 'clusters.yaml': '- name: [' }).replaceAll('web', 'wrong'))
    wrong.write('right.yaml', configMap({ 'clusters.yaml': CLUSTERS }).replaceAll('web', 'right'))
    const at = `127.0.0.1:${await freePort()}`
    await using second = fleetcast(['up', wrong.path, '--listen', `127.0.0.1:${await freePort()}`], { admin: at })
    await second.ready()
    expect(JSON.parse((await second.ask('/status')).body).fleets).toMatchObject([
      { fleet: 'right', revision: 1 },
      { fleet: 'wrong', revision: 0 },
    ])
  })

  it('nothing wrong: validate says so', async () => {
    const checked = fleetcast(['validate', folder.path])
    expect((await checked.exited).code).toBe(0)
    expect(checked.stdout()).toBe('no problems\n')
  })
})
