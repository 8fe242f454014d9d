// npm run pack: builds the npm packages, with compiled JavaScript in place of the TypeScript, into .pack/*.tgz.

import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { install, root, workFolder } from './install.mjs'

const PACKAGES = ['shared', 'services/watcher', 'services/publisher', 'services/xds-edge', 'services/fleetcast']
const out = join(root, '.pack')
const NODE_LEAST = '>=24'

await install(join(workFolder, 'install.log'))
rmSync(out, { recursive: true, force: true })
run('npx', ['tsc', '-p', 'tsconfig.build.json'])
for (const folder of PACKAGES) {
  const stage = join(out, 'stage', folder)
  cpSync(join(out, 'build', folder, 'src'), join(stage, 'dist'), { recursive: true })
  copyAssets(join(root, folder, 'src'), join(stage, 'dist'))
  if (folder === 'services/fleetcast') cpSync(join(root, folder, 'bin'), join(stage, 'bin'), { recursive: true })
  for (const file of ['LICENSE', 'README.md']) cpSync(join(root, file), join(stage, file))
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(manifestOf(folder), undefined, 2)}\n`)
  run('npm', ['pack', '--silent', '--pack-destination', out], stage)
}
for (const file of readdirSync(out).filter((name) => name.endsWith('.tgz'))) process.stdout.write(`.pack/${file}\n`)

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

function run(command, args, cwd = root) {
  const { status } = spawnSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) {
    process.stderr.write(`${command} ${args.join(' ')} failed\n`)
    process.exit(1)
  }
}
