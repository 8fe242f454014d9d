// What runs under a Node that is new enough: the TypeScript of a checkout, or the JavaScript of a package.
import { existsSync } from 'node:fs'
import { enableCompileCache, registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'

/** V8 13 compiles well what was called 400 times: half a minute of changes that come 20 times a second. */
const EARLY = ['--invocation-count-for-maglev=100', '--minimum-invocations-after-ic-update=100']

export async function start() {
  if (process.versions.v8.startsWith('13.')) for (const flag of EARLY) setFlagsFromString(flag)
  // Most of a start is compiling. The cache is written when a process ends, beside the code and by who may write there: in
  // a folder that all users share anyone could put code into it. Where it can't be written there is none.
  enableCompileCache(fileURLToPath(new URL('../.cache/compiled', import.meta.url)))
  const sources = new URL('../src/main.ts', import.meta.url)
  const entry = existsSync(fileURLToPath(sources)) ? sources : new URL('../dist/main.js', import.meta.url)
  await loadZod()
  const { main } = await import(entry.href)
  await main(process.argv.slice(2))
}

/** zod brings its messages in sixty languages, a module each. None but English is used, which zod loads by itself. */
async function loadZod() {
  const resolve = (specifier, context, next) =>
    next(specifier === '../locales/index.js' ? '../locales/en.js' : specifier, context)
  const hooks = registerHooks({ resolve })
  await import('zod')
  hooks.deregister()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // Started by an older Node in its own place: when that one is killed, this one must not live on.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.channel?.unref()
  await start()
}
