// npm start: installs what is missing, then runs the quickstart: fleetcast on a folder, a real Envoy, two small services.
// Runs on any Node from 18 on, with nothing installed. Ctrl-C ends everything it started.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { recentNode } from '../services/fleetcast/bin/pinned-node.js'
import { createChildren } from './children.mjs'
import { findEnvoy, HOW_TO_GET_ONE } from './find-envoy.mjs'
import { install, root, workFolder } from './install.mjs'

const FLAGS = { listen: '127.0.0.1:18000', admin: '127.0.0.1:18001', envoy: '127.0.0.1:10000' }
const UPSTREAMS = [
  { name: 'blue', port: 18081 },
  { name: 'green', port: 18082 },
]
const ANSWER_MS_MAX = 30_000
const example = join(root, 'deploy', 'examples', 'quickstart')
const bin = join(root, 'services', 'fleetcast', 'bin', 'fleetcast.js')
const say = (line = '') => process.stdout.write(`${line}\n`)
const progress = (text) => process.stdout.isTTY && process.stdout.write(`\r\x1b[2K${text}`)

const children = createChildren()
let exitCode
function end(code, message) {
  if (exitCode !== undefined) return
  exitCode = code
  progress('')
  if (message) process.stderr.write(`${message}\n`)
  children.stop().then(() => process.exit(exitCode))
}
process.on('SIGINT', () => end(0))
process.on('SIGTERM', () => end(0))
children.whenOneEnds((message) => end(1, message))

async function start(flags) {
  for (const [name, address] of Object.entries(flags)) await checkFree(name, address)
  progress('installing packages and looking for an Envoy')
  mkdirSync(workFolder, { recursive: true })
  const log = (name) => join(workFolder, `${name}.log`)
  // A third of what development needs: nobody should wait for the rest before the first answer.
  const command = install(log('start-install'), 'services/fleetcast')
  const [envoy] = await Promise.all([findEnvoy(log('start-envoy')), command])
  if (exitCode !== undefined) return
  const node = recentNode(import.meta.url)
  const home = mkdtempSync(join(tmpdir(), 'fleetcast-'))
  const folder = join(home, 'objects')
  const runLog = (name) => join(home, `${name}.log`)
  await copyExample(folder, flags.envoy, (name, port) => {
    children.start(name, node, [join(root, 'scripts', 'upstream.mjs'), name, String(port)], runLog(name))
  })
  progress('starting')
  const words = ['up', folder, '--listen', flags.listen, '--admin', flags.admin]
  children.start('fleetcast', node, [bin, ...words], runLog('fleetcast'))
  await answers(`http://${flags.admin}/readyz`, (status) => status === 200)
  if (envoy) await startEnvoy(envoy, node, flags, home)
  progress('')
  tell({ flags, folder, home, envoy })
}

async function startEnvoy(envoy, node, flags, home) {
  const file = join(home, 'bootstrap.yaml')
  const words = [
    '--fleet',
    'quickstart',
    '--edge',
    flags.listen,
    '--node-id',
    'quickstart-1',
    '--envoy-admin',
    '127.0.0.1:0',
  ]
  writeFileSync(file, execFileSync(node, [bin, 'bootstrap', ...words]))
  const args = ['-c', file, '--disable-hot-restart', '--concurrency', '1', '--log-level', 'warn']
  children.start('envoy', envoy.command, [...envoy.args, ...args], join(home, 'envoy.log'))
  await answers(`http://${flags.envoy}/`, (status) => status === 200)
}

/** Copies the example, with the addresses that are used here, and starts each upstream on a port that is free. */
async function copyExample(folder, envoy, startUpstream) {
  cpSync(example, folder, { recursive: true })
  const [host, port] = splitAddress(envoy)
  const listener = `{ address: ${host}, port_value: ${port} }`
  edit(join(folder, 'fleet.yaml'), (text) => text.replace('{ address: 127.0.0.1, port_value: 10000 }', listener))
  for (const { name, port } of UPSTREAMS) {
    const free = (await isFree('127.0.0.1', port)) ? port : await freePort()
    edit(join(folder, 'services.yaml'), (text) => text.replaceAll(String(port), String(free)))
    startUpstream(name, free)
  }
}

const edit = (file, change) => writeFileSync(file, change(readFileSync(file, 'utf8')))

function tell({ flags, folder, home, envoy }) {
  say(`Fleetcast serves ${folder}`)
  say(`  xDS        ${flags.listen}`)
  say(`  admin      http://${flags.admin}  (/readyz, /status, /metrics)`)
  if (envoy) say(`  Envoy      http://${flags.envoy}  (from ${envoy.from})`)
  say(`  logs       ${home}`)
  say()
  if (envoy) {
    say('Ask through Envoy:')
    say(`curl http://${flags.envoy}/`)
    say()
    say('To see traffic move, edit and ask again; nothing restarts:')
    say(`  ${join(folder, 'fleet.yaml')}      the weights of blue and green, the routes`)
    say(`  ${join(folder, 'services.yaml')}   the addresses behind each, ready: false`)
  } else for (const line of HOW_TO_GET_ONE) say(line)
  say()
  say('Ctrl-C ends everything.')
}

/** Asks until the answer is good. */
async function answers(url, isGood) {
  const until = Date.now() + ANSWER_MS_MAX
  while (exitCode === undefined) {
    const status = await fetch(url, { signal: AbortSignal.timeout(1000) })
      .then((r) => r.status)
      .catch(() => 0)
    if (isGood(status)) return
    if (Date.now() > until) throw new Error(`${url} does not answer`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function readFlags() {
  const options = Object.fromEntries(Object.entries(FLAGS).map(([k, d]) => [k, { type: 'string', default: d }]))
  try {
    const { values } = parseArgs({ options })
    for (const [name, address] of Object.entries(values)) {
      if (!/^[^:\s]+:\d{1,5}$/.test(address)) throw new Error(`--${name}: ${JSON.stringify(address)} is not HOST:PORT`)
    }
    return values
  } catch (error) {
    throw Object.assign(error, { exitCode: 2 })
  }
}

async function checkFree(name, address) {
  const [host, port] = splitAddress(address)
  if (await isFree(host, port)) return
  throw new Error(`--${name}: ${address} is in use; choose another: npm start -- --${name} HOST:PORT`)
}

function splitAddress(address) {
  const at = address.lastIndexOf(':')
  return [address.slice(0, at), Number(address.slice(at + 1))]
}

const isFree = (host, port) =>
  bind(host, port).then(
    () => true,
    () => false,
  )
const freePort = () => bind('127.0.0.1', 0)
function bind(host, port) {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, host, () => {
      const bound = server.address().port
      server.close(() => resolve(bound))
    })
  })
}

try {
  await start(readFlags())
} catch (error) {
  end(error.exitCode ?? 1, error.message)
}
