// Compiles what ships into .pack/stage: each package with JavaScript in place of the TypeScript, and a manifest that says so.
// Wants a tsc on the PATH or installed, and nothing else that is not in the repository.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { root } from './install.mjs'

export const PACKAGES = ['shared', 'services/watcher', 'services/publisher', 'services/xds-edge', 'services/fleetcast']
export const out = join(root, '.pack')
export const stageOf = (folder) => join(out, 'stage', folder)
const NODE_LEAST = '>=24'

export function compile() {
  rmSync(out, { recursive: true, force: true })
  run('tsc', ['-p', 'tsconfig.build.json'])
  for (const folder of PACKAGES) {
    const stage = stageOf(folder)
    cpSync(join(out, 'build', folder, 'src'), join(stage, 'dist'), { recursive: true })
    copyAssets(join(root, folder, 'src'), join(stage, 'dist'))
    if (folder === 'services/fleetcast') cpSync(join(root, folder, 'bin'), join(stage, 'bin'), { recursive: true })
    writeFileSync(join(stage, 'package.json'), `${JSON.stringify(manifestOf(folder), undefined, 2)}\n`)
  }
}

/** What the code reads beside itself: descriptors, scripts, notices. */
function copyAssets(from, to) {
  for (const path of readdirSync(from, { recursive: true, encoding: 'utf8' })) {
    if (!/(\.(gz|json|lua|proto)|NOTICE)$/.test(path) || /(^|\/)test\//.test(path)) continue
    mkdirSync(dirname(join(to, path)), { recursive: true })
    cpSync(join(from, path), join(to, path))
  }
}

function manifestOf(folder) {
  const workspace = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
  const isCommand = folder === 'services/fleetcast'
  return {
    ...manifest,
    engines: { node: isCommand ? workspace.engines.node : NODE_LEAST },
    files: ['dist', ...(isCommand ? ['bin'] : [])],
    exports: { './*': { types: './dist/*.d.ts', default: './dist/*.js' } },
    // The command starts itself again with this Node where the running one is older.
    ...(isCommand ? { optionalDependencies: workspace.optionalDependencies } : {}),
  }
}

/** Says what the command said only where it fails. */
export function run(command, args, cwd = root) {
  const path = [join(root, 'node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter)
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env: { ...process.env, PATH: path } })
  if (status === 0) return
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}\n${command} ${args.join(' ')} failed\n`)
  process.exit(1)
}

if (process.argv[1] === import.meta.filename) compile()
