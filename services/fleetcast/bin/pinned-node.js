// Finds the Node that the project pins, and starts programs under it. Runs on any Node from 18 on, with nothing installed.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'

const LEAST_MAJOR = 24
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']

/** True where the running Node is new enough by itself. */
export const isNodeRecent = () => Number(process.versions.node.split('.')[0]) >= LEAST_MAJOR

/** The path of the pinned Node, looked for from the given file on; undefined where it is not installed. */
export function findPinnedNode(fromFile) {
  try {
    const manifest = createRequire(fromFile).resolve(`node-linux-${process.arch}/package.json`)
    const path = join(dirname(manifest), 'bin', 'node')
    return existsSync(path) ? path : undefined
  } catch {
    return undefined
  }
}

/** A Node that is new enough: the running one or the pinned one. Ends the process with a message where there is none. */
export function recentNode(fromFile) {
  const node = isNodeRecent() ? process.execPath : findPinnedNode(fromFile)
  if (node) return node
  process.stderr.write(
    `Node ${LEAST_MAJOR} or newer is needed (this is ${process.version}), and the pinned one is not installed\n`,
  )
  process.exit(1)
}

/**
 * Runs a script under `node` in this process's place: same terminal, signals passed on, same end. The script holds the
 * other end of a channel and can tell by it that this process was killed.
 */
export function runInPlace(node, script, args) {
  const child = spawn(node, [...process.execArgv, script, ...args], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  for (const signal of FORWARDED) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`${node}: ${error.message}\n`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
}
