// npm run bench: installs what is missing, then runs integration/bench. `-- --quick`, `-- serve …`, `-- latency`.
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { recentNode } from '../services/fleetcast/bin/pinned-node.js'
import { install, root, workFolder } from './install.mjs'

mkdirSync(workFolder, { recursive: true })
await install(join(workFolder, 'bench-install.log'))
const path = `${join(root, 'node_modules', '.bin')}:${process.env.PATH ?? ''}`
// As the image has it.
const options = [process.env.NODE_OPTIONS, '--max-semi-space-size=4'].filter(Boolean).join(' ')
const child = spawn(
  recentNode(import.meta.url),
  [join(root, 'integration', 'bench', 'main.ts'), ...process.argv.slice(2)],
  { stdio: 'inherit', env: { ...process.env, PATH: path, NODE_OPTIONS: options } },
)
// The terminal tells both; what another process sends to this one alone is passed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code) => process.exit(code ?? 1))
