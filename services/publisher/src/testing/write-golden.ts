// `npm run golden`: writes the answer of every golden case anew, and deletes what no case has any more.
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createEnvoyTypes } from '@fleetcast/shared/envoy/types'
import { caseFolder, compileCase } from './golden.ts'

const KNOWN = new Set(['objects.yaml', 'sets.yaml'])
const types = createEnvoyTypes()
for (const name of readdirSync(caseFolder)) {
  const files = readdirSync(new URL(`${name}/`, caseFolder))
  if (!files.includes('objects.yaml')) {
    rmSync(new URL(`${name}/`, caseFolder), { recursive: true })
    continue
  }
  for (const orphan of files.filter((file) => !KNOWN.has(file))) rmSync(new URL(`${name}/${orphan}`, caseFolder))
  const { answer, file } = compileCase(types, name)
  writeFileSync(file, answer)
}
