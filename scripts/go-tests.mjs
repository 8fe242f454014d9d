// Runs the tests of the Go modules under integration, where there are any, and counts them.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from './install.mjs'

const integration = join(root, 'integration')

/** Numbers of tests; a module whose Go is missing counts as one that was skipped. */
export function goTests(say, go = 'go') {
  const total = { passed: 0, failed: 0, skipped: 0 }
  for (const folder of modulesWithTests()) {
    const { stdout, status, error } = spawnSync(go, ['test', '-json', './...'], {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    })
    if (error) {
      say(`${folder}: no Go here (${error.message}); its tests are skipped`)
      total.skipped += 1
      continue
    }
    const count = countOf(stdout, say)
    if (status !== 0 && count.failed === 0) count.failed = 1
    for (const key of ['passed', 'failed', 'skipped']) total[key] += count[key]
  }
  return total
}

function modulesWithTests() {
  const files = readdirSync(integration, { recursive: true, encoding: 'utf8' })
  const tested = files.filter((file) => file.endsWith('_test.go') && !file.includes('node_modules'))
  const modules = files.filter((file) => /(^|\/)go\.mod$/.test(file)).map((file) => dirname(file))
  return modules
    .filter((folder) => tested.some((file) => file.startsWith(`${folder}/`)))
    .map((f) => join(integration, f))
}

/** go test -json: a line an event; lines with a Test are tests. */
function countOf(stdout, say) {
  const count = { passed: 0, failed: 0, skipped: 0 }
  for (const line of stdout.split('\n').filter((l) => l.startsWith('{'))) {
    const { Action, Test, Package } = JSON.parse(line)
    if (!Test) continue
    if (Action === 'pass') count.passed += 1
    if (Action === 'skip') count.skipped += 1
    if (Action === 'fail') {
      count.failed += 1
      say(`FAIL ${Package} ${Test}`)
    }
  }
  return count
}
