// The linter does what we rely on it for: it finds a promise that nobody waits for.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './sources.ts'

const PLANTED = `const save = async (): Promise<void> => {}
export function planted(): void {
  save()
}
`

test.each([
  ['a planted floating promise', PLANTED, 'noFloatingPromises'],
  ['the same, waited for', PLANTED.replace('  save()', '  void save()'), undefined],
])('%s', (_name, text, rule) => {
  // Inside the tree, so that the project's own configuration holds.
  const folder = mkdtempSync(join(root, 'integration', 'house', 'planted-'))
  try {
    writeFileSync(join(folder, 'planted.ts'), text)
    const biome = join(root, 'node_modules', '.bin', 'biome')
    const { status, stdout, stderr } = spawnSync(biome, ['lint', '--error-on-warnings', folder], {
      encoding: 'utf8',
      cwd: root,
    })
    expect(status === 0).toBe(rule === undefined)
    if (rule !== undefined) expect(stdout + stderr).toContain(rule)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
