// Installs the npm packages of the lock file where they are missing or others. Runs on any Node from 18 on.
import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
/** Everything that scripts write while they work: logs, reports, folders to edit. */
export const workFolder = join(root, '.cache')

/** Every package of the lock file, or only what this workspace needs to run. */
const wantedOf = (packages, workspace) =>
  workspace === undefined ? Object.keys(packages) : reachable(packages, workspace)

/** True where node_modules holds what the lock file says; what is optional may be absent. */
export function isInstalled(workspace) {
  const installed = readJson(join(root, 'node_modules', '.package-lock.json'))
  const lock = readJson(join(root, 'package-lock.json'))
  if (!installed || !lock) return false
  return wantedOf(lock.packages, workspace).every((path) => {
    const entry = lock.packages[path]
    if (!path.includes('node_modules/') || entry.link || entry.optional) return true
    return installed.packages[path]?.version === entry.version
  })
}

/** Paths of the packages that a workspace needs, found as Node finds them: from the innermost node_modules outwards. */
function reachable(packages, workspace) {
  const found = new Set([workspace])
  for (const from of found) {
    const { dependencies = {}, optionalDependencies = {} } = packages[from]
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const path = foldersAbove(from)
        .map((folder) => `${folder}node_modules/${name}`)
        .find((p) => p in packages)
      if (path) found.add(packages[path].link ? packages[path].resolved : path)
    }
  }
  return [...found]
}

/** `a/b`: `a/b/`, `a/`, and the root. */
function foldersAbove(path) {
  const parts = path.split('/')
  return parts.map((_, at) => `${parts.slice(0, parts.length - at).join('/')}/`).concat('')
}

const readJson = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined)

/**
 * Installs what is missing, all of it or what one workspace needs to run; what npm prints goes to the log file. Throws with
 * the log file's name where it fails.
 */
export async function install(logFile, workspace) {
  if (isInstalled(workspace)) return
  const only = workspace === undefined ? [] : ['--omit=dev', '--include-workspace-root', `--workspace=${workspace}`]
  await runLogged('npm', ['ci', '--no-progress', '--loglevel=warn', ...only], logFile)
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
