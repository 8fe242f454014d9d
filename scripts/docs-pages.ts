// Writes the pages of docs/ that are made from the code. `npm run docs` runs it.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { flagsPage } from '../services/fleetcast/src/flags-page.ts'
import { VERBS } from '../services/fleetcast/src/verbs.ts'

const folder = join(import.meta.dirname, '..', 'docs')
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, 'flags.md'), flagsPage(VERBS))
