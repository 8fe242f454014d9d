// deploy/compose.yaml with the image that deploy/image builds: a change in the folder arrives at Envoy, and traffic goes on
// while edges, and then all of them, are gone (rule 2).
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StartedTestContainer } from 'testcontainers'
import { request } from 'undici'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Composition, compose } from '../harness/compose.ts'
import { describeWith } from '../harness/describe-with.ts'
import { buildImage, LOCAL_IMAGES } from '../harness/image.ts'
import { waitFor } from '../harness/wait-for.ts'

const OBJECTS = './compose/objects'
const ROLES = ['watcher', 'publisher', 'edge']

describeWith(['docker'], 'deploy/compose.yaml', () => {
  const parts = new AsyncDisposableStack()
  let composed: Composition
  let folder = ''

  const get = async (address: string, path: string): Promise<{ status: number; body: string }> => {
    const response = await request(`http://${address}${path}`, { headersTimeout: 3_000, bodyTimeout: 3_000 })
    return { status: response.statusCode, body: await response.body.text() }
  }
  const throughEnvoy = async (path = '/'): Promise<string> => {
    const { status, body } = await get(composed.reach(composed.replicas('envoy')[0]!, 10_000), path)
    return status === 200 ? body : String(status)
  }
  const answers = (by: string): Promise<unknown> =>
    waitFor(`an answer of ${by}`, async () => (await throughEnvoy()).startsWith(`${by} answers`), { timeoutMs: 30_000 })
  const edit = (file: string, from: string, to: string): void => {
    const text = readFileSync(join(folder, file), 'utf8')
    if (!text.includes(from)) throw new Error(`${file} does not hold ${from}`)
    writeFileSync(join(folder, file), text.replaceAll(from, to))
  }
  const shift = (blue: number, green: number): void => {
    const text = readFileSync(join(folder, 'fleet.yaml'), 'utf8')
    const weighted = text
      .replace(/(blue\/http, weight: )\d+/, `$1${blue}`)
      .replace(/(green\/http, weight: )\d+/, `$1${green}`)
    writeFileSync(join(folder, 'fleet.yaml'), weighted)
  }
  const ready = (container: StartedTestContainer): Promise<unknown> =>
    waitFor(
      `${container.getName()} to be ready`,
      async () => {
        const { status, body } = await get(composed.reach(container, 18_001), '/readyz')
        if (status !== 200) throw new Error(`${status}: ${body}`)
        return true
      },
      { timeoutMs: 60_000 },
    )
  /** Asks all the time while something is done; every answer that was not 200. */
  const failuresDuring = async (work: () => Promise<unknown>): Promise<readonly string[]> => {
    const failures: string[] = []
    let isOver = false
    const asking = (async () => {
      for (let count = 0; !isOver || count < 10; count++) {
        const answer = await throughEnvoy().catch(String)
        if (!answer.includes(' answers ')) failures.push(answer)
      }
    })()
    await work().finally(() => {
      isOver = true
    })
    await asking
    return failures
  }

  beforeAll(async () => {
    buildImage()
    folder = mkdtempSync(join(tmpdir(), 'fleetcast-compose-'))
    // The roles are not root, and not the user of the test.
    chmodSync(folder, 0o755)
    parts.defer(() => rmSync(folder, { recursive: true, force: true }))
    cpSync(join(import.meta.dirname, '../../deploy', OBJECTS), folder, { recursive: true })
    composed = parts.use(await compose(LOCAL_IMAGES, { [OBJECTS]: folder }))
    await composed.start('redis', 'blue', 'green')
    edit('services.yaml', '172.31.250.11', composed.addressOf('blue'))
    edit('services.yaml', '172.31.250.12', composed.addressOf('green'))
    await composed.start(...ROLES, 'envoy')
  }, 600_000)

  afterAll(() => parts.disposeAsync(), 60_000)

  it('every role is ready, and healthy as the image says', async () => {
    for (const container of ROLES.flatMap((role) => composed.replicas(role))) {
      await ready(container)
      const { exitCode, output } = await container.exec(['node', '/app/health.mjs'])
      expect([exitCode, output]).toEqual([0, ''])
      expect((await container.exec(['id', '-u'])).output.trim()).toBe('1000')
    }
    await answers('blue')
  })

  it('a change in the folder arrives at Envoy', async () => {
    shift(0, 100)
    await answers('green')
    edit('services.yaml', composed.addressOf('green'), composed.addressOf('blue'))
    await answers('blue')
  })

  it('rule 2: an edge less: traffic goes on, and so do changes', async () => {
    const [one] = composed.replicas('edge')
    const failures = await failuresDuring(async () => {
      await one!.stop({ remove: false, timeout: 5_000 })
      edit('services.yaml', composed.addressOf('blue'), composed.addressOf('green'))
      await answers('green')
    })
    expect(failures).toEqual([])
  })

  it('rule 2: no edge at all: traffic goes on, and changes come when they are back', async () => {
    const [one, other] = composed.replicas('edge')
    const failures = await failuresDuring(async () => {
      await other!.stop({ remove: false, timeout: 5_000 })
      edit('services.yaml', composed.addressOf('green'), composed.addressOf('blue'))
      await waitFor('Envoy to notice', async () => {
        const envoy = composed.reach(composed.replicas('envoy')[0]!, 9901)
        return /control_plane.connected_state: 0/.test((await get(envoy, '/stats?filter=control_plane')).body)
      })
      expect(await throughEnvoy()).toContain('green')
      await one!.restart()
      await ready(one!)
      await answers('blue')
    })
    expect(failures).toEqual([])
  })

  it('the command is in the image, for operators', async () => {
    const { exitCode, output } = await composed.replicas('edge')[0]!.exec(['fleetcast', 'status'])
    expect([exitCode, output]).toEqual([0, expect.stringContaining('compose')])
  })
})
