// The real servers that tests need: each found or installed by integration/env, or a reason why this machine can't have it.
import { spawnSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './install.mjs'

const env = join(root, 'integration', 'env')

/** In the order in which they are prepared. `command` is run from integration/env; the last line it prints is the `variable`'s value. */
const PARTS = [
  { name: 'redis', what: 'redis-server', command: ['setup', 'redis'] },
  { name: 'envoy', what: 'Envoy', command: ['envoy-install'], variable: 'ENVOY_BIN' },
  { name: 'go', what: 'Go', command: ['go-install'], variable: 'GO_BIN' },
  { name: 'kube', what: 'an API server', command: ['setup', 'kube'] },
  { name: 'images', what: 'a Docker engine with the local images', command: ['setup', 'images'] },
]

/** Variables for the tests, and a line for each part that this machine can't have. */
export function prepareParts(logFile, progress) {
  const missing = []
  const variables = { TESTCONTAINERS_RYUK_DISABLED: 'true' }
  for (const { name, what, command, variable = name } of PARTS) {
    if (process.env[variable] !== undefined) continue
    progress(`preparing ${what}`)
    try {
      const answer = runEnv(command, logFile)
      if (variable !== name) variables[variable] = answer
    } catch (error) {
      missing.push({ name, line: `${what} is missing: ${error.message}` })
    }
  }
  variables.FLEETCAST_TEST_MISSING = missing.map((part) => part.name).join(',')
  return { variables, missing: missing.map((part) => part.line) }
}

/** The last line that a script of integration/env prints; throws the last line of what it complains about. */
function runEnv([script, ...args], logFile) {
  const path = join(env, script)
  const { status, stdout, stderr, error } = spawnSync(path, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 })
  if (error) throw error
  appendFileSync(logFile, `$ ${path} ${args.join(' ')}\n${stdout}${stderr}\n`)
  if (status !== 0) throw new Error(`${lastLine(stderr) || `exit code ${status}`} (all of it: ${logFile})`)
  return lastLine(stdout)
}

const lastLine = (text) => text.trim().split('\n').at(-1) ?? ''
