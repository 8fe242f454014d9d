// A real Envoy as the judge of the checks: each case is given to `envoy --mode validate`, which must say what the table
// says. It runs no Lua and opens no file here: no case holds any.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CHECK_CASES } from '@fleetcast/shared/envoy/checks/test/check-cases'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { envoyPath, isCi, missing } from '../harness/machine.ts'

const run = promisify(execFile)
const why = missing('envoy')
if (why) console.info(`skipped: what Envoy says of configurations: ${why}`)

describe.skipIf(why !== undefined && !isCi)('what a real Envoy says of a configuration', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fleetcast-validate-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  async function validate(yaml: string): Promise<{ verdict: 'accepts' | 'refuses'; said: string }> {
    const file = join(folder, 'envoy.json')
    // JSON, and not YAML: what is written must be what is read.
    await writeFile(file, JSON.stringify({ node: { id: 'n', cluster: 'c' }, static_resources: parse(yaml) }))
    try {
      await run(envoyPath() ?? 'envoy', ['--mode', 'validate', '-c', file, '--log-level', 'error'], { timeout: 10_000 })
      return { verdict: 'accepts', said: '' }
    } catch (error) {
      return { verdict: 'refuses', said: String((error as { stderr?: string }).stderr ?? error) }
    }
  }

  test.each(CHECK_CASES)('$what: $envoy', async ({ yaml, envoy }) => {
    const { verdict, said } = await validate(yaml)
    expect(verdict, said).toBe(envoy)
  })
})
