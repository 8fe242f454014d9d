// A real Envoy as the judge of what is read and checked: each case is given to `envoy --mode validate`, which must say
// what the table says. No case holds Lua, or names a file that would be made.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CHECK_CASES } from '@fleetcast/shared/envoy/checks/testing/check-cases'
import { readDocument } from '@fleetcast/shared/envoy/document'
import { encodeMessage } from '@fleetcast/shared/envoy/encode'
import { V2_FLEET } from '@fleetcast/shared/envoy/testing/v2-fleet'
import { YAML_CASES } from '@fleetcast/shared/envoy/testing/yaml-cases'
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import { CLUSTER, LISTENER } from '@fleetcast/shared/resources/types'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { envoyPath, isCi, missing } from '../harness/machine.ts'

const types = createEnvoyTypes()
const run = promisify(execFile)
const why = missing('envoy')
if (why) console.info(`skipped: what Envoy says of configurations: ${why}`)

describe.skipIf(why !== undefined && !isCi)('what a real Envoy says of a configuration', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fleetcast-validate-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  async function validate(
    name: string,
    content: string | Uint8Array,
  ): Promise<{ verdict: 'accepts' | 'refuses'; said: string }> {
    const file = join(folder, name)
    await writeFile(file, content)
    try {
      await run(envoyPath() ?? 'envoy', ['--mode', 'validate', '-c', file, '--log-level', 'error'], { timeout: 10_000 })
      return { verdict: 'accepts', said: '' }
    } catch (error) {
      return { verdict: 'refuses', said: String((error as { stderr?: string }).stderr ?? error) }
    }
  }

  test.each(CHECK_CASES)('$what: $envoy', async ({ yaml, envoy }) => {
    // JSON, and not YAML: what is written must be what is read.
    const json = JSON.stringify({ node: { id: 'n', cluster: 'c' }, static_resources: parse(yaml) })
    const { verdict, said } = await validate('envoy.json', json)
    expect(verdict, said).toBe(envoy)
  })

  test.each(YAML_CASES)('$what: $envoy', async ({ yaml, envoy }) => {
    const { verdict, said } = await validate('envoy.yaml', yaml)
    expect(verdict, said).toBe(envoy)
  })

  /** What is served of a document, as Envoy's own binary form. */
  function served(name: string, text: string): { bytes: Uint8Array; errors: string[] } {
    const { items, problems } = readDocument({ name, text, types })
    const of = (type: string) => items.filter((i) => i.type === type).map((i) => i.json)
    const bootstrap = {
      node: { id: 'n', cluster: 'c' },
      static_resources: { clusters: of(CLUSTER), listeners: of(LISTENER) },
    }
    const { value } = encodeMessage('envoy.config.bootstrap.v3.Bootstrap', bootstrap, types)
    const errors = problems.filter((p) => p.severity === 'error').map((p) => p.message)
    return { bytes: value?.bytes ?? new Uint8Array(), errors }
  }

  const good = [
    { what: 'a fleet of 2018', yaml: V2_FLEET },
    ...CHECK_CASES.filter((c) => c.ours !== 'error'),
    ...YAML_CASES.filter((c) => c.ours === 'accepts'),
  ]
  test.each(good)('what is served is taken: $what', async ({ yaml }) => {
    const { bytes, errors } = served('envoy.yaml', yaml)
    expect(errors).toEqual([])
    const { verdict, said } = await validate('envoy.pb', bytes)
    expect(verdict, said).toBe('accepts')
  })
})
