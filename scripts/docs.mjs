// npm run docs: writes the pages of docs/ that are made from the code, under a Node that runs TypeScript.
import { join } from 'node:path'
import { recentNode, runInPlace } from '../services/fleetcast/bin/pinned-node.js'
import { root } from './install.mjs'

runInPlace(recentNode(import.meta.url), join(root, 'scripts', 'docs-pages.ts'), [])
