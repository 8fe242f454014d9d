// The operators' verbs against a deployment with a history of its own: what each prints, as words that people and scripts rely
// on, whether an edge's admin address is asked or Redis itself.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Deployment, startDeployment } from '../harness/deployment.ts'
import { describeWith } from '../harness/describe-with.ts'
import { fleetcast } from '../harness/fleetcast.ts'
import { startRedis } from '../harness/redis.ts'
import { type TempFolder, tempFolder } from '../harness/temp-folder.ts'
import { waitFor } from '../harness/wait-for.ts'
import { createXdsClient, type XdsClient } from '../harness/xds-client.ts'
import { TYPES } from '../harness/xds-content.ts'

/** The fleet `web` and a Service that it takes. */
function showWorld(folder: TempFolder, clusters: readonly object[], more: Readonly<Record<string, string>> = {}): void {
  const items = [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'svc', namespace: 'shop' },
      spec: { ports: [{ name: 'http', port: 80 }] },
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'web', namespace: 'shop', labels: { 'fleetcast.dev/fleet': 'web' } },
      data: { 'fleet.yaml': 'services: all\n', 'clusters.yaml': JSON.stringify(clusters), ...more },
    },
  ]
  folder.write('world.json', JSON.stringify({ kind: 'List', items }))
}
const cluster = (name: string, seconds: number): object => ({ name, connect_timeout: `${seconds}s` })

interface Row {
  readonly line: string
  readonly code?: number
  /** Asked both ways otherwise. */
  readonly way?: '--admin'
  /** Each stands in one of the lines of standard output; of standard error where the code is not 0. */
  readonly lines: readonly RegExp[]
}

const ROWS: readonly Row[] = [
  {
    line: 'status',
    lines: [
      /^FLEET\tREVISION\tNODES\tREFUSING\tPROBLEMS$/,
      /^web\t2\t2\t1\t1$/,
      /^\w+: .*not to my taste/,
      /^1 node has no fleet; fleetcast nodes lists it$/,
      /^error: east ConfigMap\/shop\/web world\.json listeners\.yaml:2:3 \[0\]\.adress: .* has no field "adress"/,
    ],
  },
  {
    line: 'nodes',
    lines: [
      /^NODE\tCLUSTER\tFLEET\tEDGE\tADDRESS\tCONNECTED\tTYPES$/,
      /^delta\tweb\tweb\t\S+:\d+\t127\.0\.0\.1:\d+\t\d{4}-\S+Z\t.*\bcds@2\b(?![?!])/,
      /^sotw\tweb\tweb\t.*\bcds@\d+!/,
      /^stray\tnowhere\tunassigned\t/,
      /^sotw refuses cds: not to my taste$/,
    ],
  },
  { line: 'nodes --fleet web', way: '--admin', lines: [/^delta\t/, /^sotw\t/] },
  { line: 'nodes --fleet none', way: '--admin', lines: [/^NODE\t/] },
  {
    line: 'history web',
    lines: [
      /^REVISION\tAT\tCAUSE\tCHANGES$/,
      /^2\t\d{4}-\S+Z\t\S.*\t[+~]cds \w+, [+~]cds \w+$/,
      /^1\t.*\+cds a, .*and 1 more$|^1\t.*\+cds a/,
    ],
  },
  { line: 'history web --limit 1', way: '--admin', lines: [/^2\t/] },
  { line: 'history none', way: '--admin', code: 1, lines: [/^there is no fleet "none"$/] },
  {
    line: 'diff web',
    lines: [
      /^web: revision 1 to 2$/,
      /^changed cds a \w+ -> \w+$/,
      /^ {2}- connect_timeout: "1s"$/,
      /^ {2}\+ connect_timeout: "2s"$/,
      /^added cds b \w+$/,
    ],
  },
  { line: 'diff web --from 2 --to 1', way: '--admin', lines: [/^web: revision 2 to 1$/, /^removed cds b \w+$/] },
  { line: 'diff web --from 2 --to 2', way: '--admin', lines: [/^web: revision 2 to 2$/] },
  {
    line: 'diff web --to 99',
    way: '--admin',
    code: 1,
    lines: [/^there is no fleet "web", or history lacks the revisions$/],
  },
  {
    line: 'explain shop/svc/http',
    lines: [
      /^TYPE\tNAME\tSET\tREVISION\tVERSION\tBYTES\tLINK$/,
      /^cds\tshop\/svc\/http\tfleet\/web\t2\t\S+\t\d+\t$/,
      /^eds\tshop\/svc\/http\tfleet\/web\t2\t\t\tendpoints\/\S+$/,
      /^eds\tshop\/svc\/http\tendpoints\/\S+\t\d+\t\S+\t\d+\t$/,
    ],
  },
  { line: 'explain b --fleet web', way: '--admin', lines: [/^cds\tb\tfleet\/web\t2\t/] },
  { line: 'explain b --fleet none', way: '--admin', code: 1, lines: [/^no set holds a resource named "b"$/] },
  { line: 'explain nobody', code: 1, lines: [/^no set holds a resource named "nobody"$/] },
  { line: 'rollback none --to 1', code: 1, lines: [/^there is no fleet "none", or history lacks revision 1$/] },
  {
    line: 'rollback web --to 99',
    way: '--admin',
    code: 1,
    lines: [/^there is no fleet "web", or history lacks revision 99$/],
  },
]

/** Verbs whose answer a program reads, and what stands in it. */
const JSON_ROWS: readonly (readonly [line: string, answer: unknown])[] = [
  ['status --json', expect.objectContaining({ fleets: [expect.objectContaining({ fleet: 'web', refusing: 1 })] })],
  ['nodes --json --fleet web', [expect.objectContaining({ id: 'delta' }), expect.objectContaining({ id: 'sotw' })]],
  ['history web --json --limit 1', [expect.objectContaining({ revision: 2 })]],
  ['diff web --json', expect.objectContaining({ fleet: 'web', from: 1, to: 2 })],
  ['explain b --json', [expect.objectContaining({ set: 'fleet/web', name: 'b' })]],
]

describeWith(['redis'], "the operators' verbs", () => {
  const parts = new AsyncDisposableStack()
  let folder: TempFolder
  let deployment: Deployment
  let redis = ''
  let client: XdsClient

  beforeAll(async () => {
    folder = parts.use(tempFolder())
    showWorld(folder, [cluster('a', 1)])
    const server = parts.use(await startRedis())
    redis = server.url
    const one = { watchers: 1, publishers: 1, edges: 1 }
    deployment = parts.use(await startDeployment({ redis: server, from: { folder: folder.path }, ...one }))
    await deployment.ready()
    const listen = deployment.edges[0]?.listen ?? ''
    const node = (id: string) => ({ id, cluster: 'web' })
    client = parts.use(createXdsClient({ server: listen, variant: 'delta', node: node('delta') }))
    parts.use(
      createXdsClient({
        ...{ server: listen, variant: 'sotw', node: node('sotw') },
        judge: ({ type, resources }) =>
          type === TYPES.cluster && resources.length > 2 ? 'not to my taste' : undefined,
      }),
    )
    parts.use(createXdsClient({ server: listen, variant: 'sotw', node: { id: 'stray', cluster: 'nowhere' } }))
    await client.until('revision 1', (c) => c.held(TYPES.cluster).has('a'))
    // A change, and a mistake beside it.
    showWorld(folder, [cluster('a', 2), cluster('b', 1)], { 'listeners.yaml': '- name: main\n  adress: {}\n' })
    await client.until('revision 2', (c) => c.held(TYPES.cluster).has('b'))
    // What an edge knows of its nodes comes to the others within a second.
    await waitFor('the nodes', async () => {
      const answer = await deployment.edges[0]!.process().ask('/status')
      const { fleets, unassigned } = JSON.parse(answer.body) as { fleets: { refusing: number }[]; unassigned: number }
      return fleets[0]?.refusing === 1 && unassigned === 1
    })
  })
  afterAll(() => parts.disposeAsync())

  const run = async (line: string, way: string) => {
    const where = way === '--redis' ? redis : (deployment.edges[0]?.admin ?? '')
    await using process = fleetcast([...line.split(' '), way, where])
    const { code } = await process.exited
    return { code, stdout: process.stdout(), stderr: process.stderr() }
  }

  describe.each(['--admin', '--redis'])('by %s', (way) => {
    it.each(ROWS.filter((row) => (row.way ?? way) === way))('$line', async ({ line, code = 0, lines }) => {
      const { stdout, stderr, ...end } = await run(line, way)
      expect([end.code, stderr]).toEqual([code, code === 0 ? '' : expect.anything()])
      const said = (code === 0 ? stdout : stderr).replace(/\n$/, '').split('\n')
      for (const pattern of lines) expect(said).toContainEqual(expect.stringMatching(pattern))
      if (code !== 0) expect(stdout).toBe('')
    })

    it.each(way === '--admin' ? JSON_ROWS : [])('%s', async (line, answer) => {
      const { stdout } = await run(line, way)
      expect(JSON.parse(stdout)).toEqual(answer)
    })
  })

  it('only the nodes of a fleet, and as many revisions as were asked for', async () => {
    expect((await run('nodes --fleet web', '--admin')).stdout).not.toMatch(/stray/)
    expect((await run('history web --limit 1', '--redis')).stdout).not.toMatch(/^1\t/m)
  })

  describe('rollback', () => {
    const steps: [way: string, to: number, as: number, clusters: readonly string[]][] = [
      ['--admin', 1, 3, ['a']],
      ['--redis', 2, 4, ['a', 'b']],
    ]
    it.each(steps)('%s to revision %i is revision %i, and Envoys have it', async (way, to, as, names) => {
      const { code, stdout, stderr } = await run(`rollback web --to ${to}`, way)
      expect([code, stdout]).toEqual([
        0,
        expect.stringMatching(
          `^web has the resources of revision ${to} again, as revision ${as} \\(\\d+ changed\\)\n$`,
        ),
      ])
      expect(stderr).toMatch(/mend its ConfigMaps too/)
      // Without the one that is made from the Service.
      const own = ({ held }: XdsClient) => new Set([...held(TYPES.cluster).keys()].filter((name) => name.length === 1))
      await client.until('the resources of then', (c) => own(c).symmetricDifference(new Set(names)).size === 0)
    })

    it('is one more revision, and the next change replaces it', async () => {
      const { stdout } = await run('history web --limit 1', '--admin')
      expect(stdout).toMatch(/^4\t\S+\trollback/m)
      showWorld(folder, [cluster('c', 1)])
      await client.until('the change', (c) => c.held(TYPES.cluster).has('c') && !c.held(TYPES.cluster).has('b'))
    })
  })
})
