// npm run all: everything that a change must pass. Stops at the first step that fails.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { install, root, workFolder } from './install.mjs'

const STEPS = [
  ['format, lint and types', 'npx', ['turbo', 'run', '//#lint', '//#types']],
  ['docs', 'npm', ['run', '--silent', 'docs']],
  ['tests', 'node', [join('scripts', 'test.mjs')]],
  ['nothing changed by it', 'git', ['diff', '--exit-code']],
]

const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' }
await install(join(workFolder, 'install.log'))
for (const [name, command, args] of STEPS) {
  process.stdout.write(`== ${name}\n`)
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env })
  if (status !== 0) {
    process.stderr.write(`${name} failed\n`)
    process.exit(1)
  }
}
