// `node_modules/.bin/fleetcast` under a Node that is too old: it starts itself again with the pinned one and stands in for it,
// with the same output, end and signals.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { describe, expect, it } from 'vitest'
import { type Child, startChild } from '../harness/child.ts'
import { freePort } from '../harness/free-port.ts'
import { tempFolder } from '../harness/temp-folder.ts'
import { waitFor } from '../harness/wait-for.ts'

const root = join(import.meta.dirname, '../..')
const bin = join(root, 'node_modules/.bin/fleetcast')
/** Says of the Node that runs the tests that it is an old one. What it starts says the truth. */
const OLD = "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'18.19.0'})"

/** Processes that have this parent. */
const childrenOf = (pid: number): number[] =>
  execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([own = 0, parent]) => (parent === pid ? [own] : []))

const isAlive = (pid: number): boolean => {
  try {
    // A process that ended and was not waited for is no more, though it has a number still.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

const startOld = (args: readonly string[]): Child =>
  startChild({ command: execPath, args: ['--import', OLD, bin, ...args], cwd: root, environment: { NO_COLOR: '1' } })

describe('the bin under an old Node', () => {
  const ends: [line: string, code: number, output: RegExp][] = [
    ['--help', 0, /^Usage: fleetcast VERB/m],
    ['bootstrap --fleet shop', 0, /cluster: shop/],
    ['fly', 2, /^unknown verb "fly"/m],
    ['validate nothere', 2, /^nothere: ENOENT/m],
    ['status --admin 127.0.0.1:1', 1, /^nothing answers on http:\/\/127\.0\.0\.1:1/m],
  ]
  it.each(ends)('%s ends with %i', async (line, code, output) => {
    const process = startOld(line.split(' '))
    expect(await process.exited).toEqual({ code, signal: null })
    expect(process.stdout() + process.stderr()).toMatch(output)
  })

  it('where there is no newer one it says so', async () => {
    using folder = tempFolder()
    // A copy outside the workspace finds no pinned Node.
    for (const file of ['fleetcast.js', 'pinned-node.js', 'under-recent-node.js'])
      folder.write(`bin/${file}`, readFileSync(join(root, 'services/fleetcast/bin', file), 'utf8'))
    folder.write('package.json', '{"type":"module"}')
    const copy = join(folder.path, 'bin/fleetcast.js')
    const process = startChild({ command: execPath, args: ['--import', OLD, copy, '--help'] })
    expect((await process.exited).code).toBe(1)
    expect(process.stderr()).toMatch(/^Node 24 or newer is needed .* the pinned one is not installed$/m)
  })

  describe('with a server', () => {
    /** Only to the process that was started: a terminal would signal the whole group. */
    const signals: [signal: NodeJS.Signals, code: number | null][] = [
      ['SIGTERM', 0],
      ['SIGINT', 0],
      ['SIGKILL', null],
    ]
    it.each(signals)('%s reaches it, and nothing stays behind', async (signal, code) => {
      using folder = tempFolder()
      const [listen, admin] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`]
      await using process = startOld(['up', folder.path, '--listen', listen, '--admin', admin])
      await process.line(new RegExp(listen))
      const servers = childrenOf(process.pid)
      expect(servers.map(isAlive)).toEqual([true])
      globalThis.process.kill(process.pid, signal)
      expect((await process.exited).code).toBe(code)
      await waitFor('the server to end', () => !servers.some(isAlive))
    })
  })
})
