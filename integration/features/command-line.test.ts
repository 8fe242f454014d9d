// Wrong words, wrong files and taken ports, as the process answers them: a line each on standard error, no stack, and an exit
// code that scripts can rely on. plan.test.ts has every word; here each verb meets its world.
import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fleetcast } from '../harness/fleetcast.ts'
import { freePort } from '../harness/free-port.ts'
import { type TempFolder, tempFolder } from '../harness/temp-folder.ts'
import { waitFor } from '../harness/wait-for.ts'

let folder: TempFolder
/** Two addresses that somebody listens on, and one where nobody does. */
const servers: Server[] = []
const words = new Map<string, string>()

beforeAll(async () => {
  folder = tempFolder()
  folder.write('empty/none.yaml', '')
  folder.write('no.yaml', 'not: [yaml')
  folder.write('text', 'no certificate')
  const cluster = { name: 'a', cluster: { server: 'https://127.0.0.1:1' } }
  const user = { name: 'a', user: { token: 'TOKEN' } }
  const contexts = [{ name: 'a', context: { cluster: 'a', user: 'a' } }]
  const config = { apiVersion: 'v1', kind: 'Config', clusters: [cluster], users: [user], contexts }
  folder.write('kubeconfig', JSON.stringify({ ...config, 'current-context': 'a' }))
  for (const name of ['BUSY', 'OTHER']) {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const address = server.address()
    if (address !== null && typeof address === 'object') words.set(name, `127.0.0.1:${address.port}`)
    servers.push(server)
  }
  words.set('FREE', `127.0.0.1:${await freePort()}`)
  words.set('FREE2', `127.0.0.1:${await freePort()}`)
  words.set('DIR', folder.path)
})
afterAll(() => {
  for (const server of servers) server.close()
  folder[Symbol.dispose]()
})

const filled = (text: string): string => text.replace(/[A-Z0-9]+\b/g, (word) => words.get(word) ?? word)

type Row = readonly [
  line: string,
  code: number,
  lines: readonly RegExp[],
  environment?: Readonly<Record<string, string>>,
]

const NO_FILE = /ENOENT: no such file or directory, open 'nothere'$/
/** Words and variables: all mistakes at once. Nothing is opened, so these run beside each other. */
const wordRows: readonly Row[] = [
  ['', 2, [/^Usage: fleetcast VERB/]],
  ['fly', 2, [/^unknown verb "fly"; fleetcast --help lists them$/]],
  ['up', 2, [/^FOLDER is missing \(or --kubeconfig\)$/]],
  ['up DIR --listne x', 2, [/^unknown flag --listne$/]],
  ['up DIR --listen x --admin y', 2, [/^--listen: "x" is not HOST:PORT$/, /^--admin: "y" is not HOST:PORT$/]],
  [
    'watcher',
    2,
    [
      /^FLEETCAST_REDIS: what was given is not a Redis URL/,
      /^--site is missing/,
      /^FLEETCAST_INSECURE: "perhaps" is not true or false$/,
    ],
    { FLEETCAST_REDIS: 'http://u:SECRET@h', FLEETCAST_INSECURE: 'perhaps' },
  ],
  [
    'publisher',
    2,
    [/^FLEETCAST_SEAL_KEY: what was given is not 32 bytes in base64$/],
    { FLEETCAST_SEAL_KEY: 'SECRET' },
  ],
  ['edge --listen 0.0.0.0:1', 2, [/^--listen: 0\.0\.0\.0:1 is plain text/]],
  ['files --output-dir o', 2, [/^--configmap or --fleet is missing$/]],
  ['validate', 2, [/^FOLDER\|FILE\.\.\. is missing$/]],
  ['status --admin x', 2, [/^--admin: "x" is not HOST:PORT$/]],
  ['nodes --fleet a/b', 2, [/^--fleet: "a\/b" is not a word/]],
  ['diff', 2, [/^FLEET is missing$/]],
  ['history shop --limit many', 2, [/^--limit: "many" is not a whole number$/]],
  ['rollback shop', 2, [/^--to is missing \(or FLEETCAST_TO\)$/]],
  ['explain', 2, [/^NAME is missing$/]],
  [
    'bootstrap --protocol smoke',
    2,
    [/^--fleet is missing/, /^--protocol: "smoke" is not one of delta, sotw, rest, files, grpc$/],
  ],
]

const worldRows: readonly Row[] = [
  // Files that are named and can't be used.
  ['up --kubeconfig nothere --admin FREE', 2, [/^--kubeconfig: nothere can not be read: ENOENT/]],
  ['up --kubeconfig DIR/no.yaml --admin FREE', 2, [/^--kubeconfig: \S+ can not be read: it is no YAML$/]],
  ['up --kubeconfig DIR/kubeconfig --context z --admin FREE', 2, [/^--context: \S+ has no context "z"$/]],
  ['watcher --site a --kubeconfig nothere --admin FREE', 2, [/^--kubeconfig: nothere can not be read: ENOENT/]],
  ['watcher --site a --admin FREE', 2, [/^--kubeconfig: .* names no API server \(is this process in a cluster\?\)$/]],
  [
    'files --configmap a --output-dir DIR/o --kubeconfig nothere',
    2,
    [/^--kubeconfig: nothere can not be read: ENOENT/],
  ],
  [
    'files --fleet a --output-dir DIR/o --edge-ca nothere --tls-cert nothere --tls-key DIR/text',
    2,
    [/^--edge-ca: ENOENT/, /^--tls-cert: ENOENT/],
  ],
  ['up DIR/empty --tls-cert nothere --tls-key nothere --admin FREE', 2, [NO_FILE]],
  [
    'up DIR/empty --tls-cert DIR/text --tls-key DIR/text --admin FREE',
    2,
    [/^--tls-cert \S+text, --tls-key \S+text: .*PEM/],
  ],
  ['edge --tls-cert nothere --tls-key nothere --admin FREE', 2, [NO_FILE]],
  ['publisher --seal-key-file nothere --admin FREE', 2, [/^--seal-key-file: ENOENT/]],
  [
    'publisher --seal-key-file DIR/text --admin FREE',
    2,
    [/^--seal-key-file: \S+text does not hold 32 bytes in base64$/],
  ],
  ['validate nothere DIR/nothere', 2, [/^nothere: ENOENT/, /nothere: ENOENT/]],

  // What is right in itself and fails.
  ['files --configmap a --folder DIR/empty --output-dir DIR/o --onetime', 1, [/^there is no ConfigMap a$/]],
  [
    'status --admin FREE',
    1,
    [/^nothing answers on http:\/\/127\.0\.0\.1:\d+: .*name the admin address with --admin, or Redis with --redis$/],
  ],
  ['nodes --redis redis://FREE', 1, [/^--redis: Redis 127\.0\.0\.1:\d+: connect ECONNREFUSED/]],

  // Ports that are taken: the flag that chooses another.
  [
    'up DIR/empty --listen BUSY --admin FREE',
    1,
    [/^--listen: 127\.0\.0\.1:\d+ is in use; choose another address with --listen$/],
  ],
  [
    'up DIR/empty --listen FREE --admin BUSY',
    1,
    [/^--admin: 127\.0\.0\.1:\d+ is in use; choose another address with --admin$/],
  ],
  [
    'up DIR/empty --listen FREE --rest OTHER --admin FREE2',
    1,
    [/^--rest: 127\.0\.0\.1:\d+ is in use; choose another address with --rest$/],
  ],
  ['edge --listen BUSY --admin FREE --redis redis://FREE2', 1, [/^--listen: 127\.0\.0\.1:\d+ is in use/]],
  ['publisher --admin BUSY --redis redis://FREE2', 1, [/^--admin: 127\.0\.0\.1:\d+ is in use/]],
  [
    'watcher --site a --folder DIR/empty --admin BUSY --redis redis://FREE2',
    1,
    [/^--admin: 127\.0\.0\.1:\d+ is in use/],
  ],
]

describe('the command, asked wrongly', () => {
  const check = async ([line, code, expected, environment = {}]: Row): Promise<void> => {
    await using process = fleetcast(
      filled(line)
        .split(' ')
        .filter((word) => word !== ''),
      { environment: { FLEETCAST_LOG_LEVEL: 'silent', ...environment } },
    )
    const exit = await process.exited
    const lines = process.stderr().trimEnd().split('\n')
    expect([exit.code, lines]).toEqual([code, expect.anything()])
    expect(process.stdout()).toBe('')
    expect(process.stderr()).not.toMatch(/SECRET|TOKEN|\n {4}at /)
    // Help is a page, everything else a line a mistake.
    if (line !== '') expect(lines.length).toBe(expected.length)
    expected.forEach((pattern, at) => {
      expect(lines[at]).toMatch(pattern)
    })
  }
  it.concurrent.each(wordRows.map((row) => [row[0], row] as const))('%s', (_line, row) => check(row))
  it.each(worldRows.map((row) => [row[0], row] as const))('%s', (_line, row) => check(row))
})

describe('what is absent at start is waited for', () => {
  const waits: [line: string, missing: RegExp][] = [
    ['up DIR/later', /folder: the folder \S+later is not there/],
    ['up --kubeconfig DIR/kubeconfig', /site local: .*(127\.0\.0\.1:1|ECONNREFUSED)/],
    ['watcher --site a --folder DIR/empty --redis redis://FREE2', /Redis 127\.0\.0\.1:\d+/],
    ['publisher --redis redis://FREE2', /Redis 127\.0\.0\.1:\d+/],
    ['edge --redis redis://FREE2', /Redis 127\.0\.0\.1:\d+/],
  ]
  it.each(waits)('%s', async (line, missing) => {
    const admin = `127.0.0.1:${await freePort()}`
    const listen = /^(up|edge)/.test(line) ? ['--listen', `127.0.0.1:${await freePort()}`] : []
    await using process = fleetcast([...filled(line).split(' '), ...listen], { admin })
    await waitFor('the reason', async () => {
      const { status, body } = await process.ask('/readyz')
      if (status !== 503 || !missing.test(body)) throw new Error(`${status} ${body}`)
      return true
    })
    expect((await process.ask('/livez')).status).toBe(200)
    expect(process.isRunning()).toBe(true)
    // Back-off, told once: no flood of the same line.
    expect(process.stderr().split('\n').length).toBeLessThan(12)
    expect((await process.stop()).code).toBe(0)
  })

  it('and used once it is there', async () => {
    const admin = `127.0.0.1:${await freePort()}`
    await using process = fleetcast(['up', `${folder.path}/later`, '--listen', `127.0.0.1:${await freePort()}`], {
      admin,
    })
    await waitFor('the reason', async () => (await process.ask('/readyz')).body.includes('is not there'))
    folder.write(
      'later/a.yaml',
      'apiVersion: v1\nkind: Service\nmetadata: { name: s }\nspec: { ports: [ { port: 80 } ] }\n',
    )
    await process.ready()
  })
})
