// Installs the npm packages of the lock file where they are missing or others. Runs on any Node from 18 on.
import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
/** Everything that scripts write while they work: logs, reports, folders to edit. */
export const workFolder = join(root, '.cache')

/** True where node_modules holds what the lock file says. */
export function isInstalled() {
  const installed = readJson(join(root, 'node_modules', '.package-lock.json'))
  const wanted = readJson(join(root, 'package-lock.json'))
  if (!installed || !wanted) return false
  return Object.entries(wanted.packages).every(([path, entry]) => {
    if (!path.includes('node_modules/') || entry.link || entry.optional) return true
    return installed.packages[path]?.version === entry.version
  })
}

const readJson = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined)

/** Installs what is missing; what npm prints goes to the log file. Throws with the log file's name where it fails. */
export async function install(logFile) {
  if (isInstalled()) return
  await runLogged('npm', ['ci', '--no-progress', '--loglevel=warn'], logFile)
}

/** Runs a command with its output in a log file. Rejects, naming the file, where it fails. */
export function runLogged(command, args, logFile, options = {}) {
  mkdirSync(dirname(logFile), { recursive: true })
  const log = openSync(logFile, 'a')
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', log, log], ...options })
  closeSync(log)
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new Error(`${command}: ${error.message}`)))
    child.on('exit', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`${command} ${args.join(' ')} failed: see ${logFile}`))
    })
  })
}
