// HTTP/2 as the edge speaks it, asked by h2spec: 146 cases of the RFCs for HTTP/2 and HPACK, the strict ones too.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { env } from 'node:process'
import { beforeAll, expect, test } from 'vitest'
import { echoServer } from '../../services/xds-edge/src/transport/http2/testing/echo-server.ts'
import { startChild } from '../harness/child.ts'
import { describeWith } from '../harness/describe-with.ts'
import { goPath } from '../harness/machine.ts'

const folder = join(import.meta.dirname, 'h2spec')

/** The cases that failed, and how many there were. */
async function h2spec(port: number): Promise<{ failed: string; summary: string }> {
  const args = ['--strict', '--host', '127.0.0.1', '--port', String(port)]
  await using child = startChild({ command: join(folder, 'bin/h2spec'), args })
  await child.exited
  const [cases = '', failed = ''] = child.stdout().split('\nFailures:')
  return { failed, summary: /\d+ tests, .*/.exec(child.stdout())?.[0] ?? cases }
}

describeWith(['go'], 'h2spec', () => {
  // What is built already is built again in no time.
  beforeAll(() => {
    execFileSync(goPath() ?? 'go', ['build', '-o', 'bin/', 'github.com/summerwind/h2spec/cmd/h2spec'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...env, GOTOOLCHAIN: 'local' },
    })
  })

  test('all of its cases', async () => {
    const server = await echoServer({ greeting: 'hello world' })
    const { failed, summary } = await h2spec(server.port)
    server.close()
    expect([failed, summary]).toEqual(['', '146 tests, 146 passed, 0 skipped, 0 failed'])
  })
})
