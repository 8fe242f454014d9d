// npm run pack: builds the npm packages, with compiled JavaScript in place of the TypeScript, into .pack/*.tgz.
import { cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { compile, out, PACKAGES, run, stageOf } from './compile.mjs'
import { install, root, workFolder } from './install.mjs'

await install(join(workFolder, 'install.log'))
compile()
for (const folder of PACKAGES) {
  for (const file of ['LICENSE', 'README.md']) cpSync(join(root, file), join(stageOf(folder), file))
  run('npm', ['pack', '--silent', '--pack-destination', out], stageOf(folder))
}
for (const file of readdirSync(out).filter((name) => name.endsWith('.tgz'))) process.stdout.write(`.pack/${file}\n`)
