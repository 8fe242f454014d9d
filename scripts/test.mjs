// npm test: installs what is missing, runs every test, and ends with one line over everything: N passed, N failed, N skipped.
// With CI=true a part that is missing, and a test that is skipped, is a failure. Arguments go to vitest: npm test -- shared
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { recentNode } from '../services/fleetcast/bin/pinned-node.js'
import { goTests } from './go-tests.mjs'
import { install, root, workFolder } from './install.mjs'
import { prepareParts } from './parts.mjs'

const isCi = process.env.CI === 'true'
const logFile = join(workFolder, 'test-install.log')
const reportFile = join(workFolder, 'test-report.json')
const say = (line) => process.stdout.write(`${line}\n`)

mkdirSync(workFolder, { recursive: true })
await install(logFile).catch((error) => {
  say(error.message)
  finish({ passed: 0, failed: 1, skipped: 0 })
})
const { variables, missing } = prepareParts(logFile, say)
for (const line of missing) say(isCi ? line : `${line}; its tests are skipped`)

const filters = process.argv.slice(2)
const total = vitest(filters, { ...process.env, ...variables })
if (filters.length === 0) add(total, goTests(say, variables.GO_BIN ?? process.env.GO_BIN))
if (isCi) total.failed += missing.length
finish(total)

/** Runs vitest; a file that could not even be loaded, and an end without a report, count as a failure. */
function vitest(args, env) {
  rmSync(reportFile, { force: true })
  const node = recentNode(import.meta.url)
  const path = `${join(root, 'node_modules', '.bin')}:${env.PATH ?? ''}`
  const script = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`]
  const { status } = spawnSync(node, [script, 'run', ...reporters, ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...env, PATH: path },
  })
  if (!existsSync(reportFile)) return { passed: 0, failed: 1, skipped: 0 }
  const report = JSON.parse(readFileSync(reportFile, 'utf8'))
  const unloaded = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.every(passes))
  const failed = report.numFailedTests + unloaded.length
  for (const file of unloaded) say(`${file.name}: ${file.message || 'failed outside its tests'}`)
  return {
    passed: report.numPassedTests,
    failed: status !== 0 && failed === 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

function passes(test) {
  return test.status !== 'failed'
}

function add(sum, more) {
  for (const key of ['passed', 'failed', 'skipped']) sum[key] += more[key]
}

function finish({ passed, failed, skipped }) {
  const isWrong = failed > 0 || passed === 0 || (isCi && skipped > 0)
  if (isCi && skipped > 0) say('a test was skipped, which CI does not take')
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`, () => process.exit(isWrong ? 1 : 0))
}
