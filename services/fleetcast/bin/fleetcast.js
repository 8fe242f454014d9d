#!/usr/bin/env node
// The fleetcast command. Starts itself again with the pinned Node where the running one is too old.
import { fileURLToPath } from 'node:url'
import { isNodeRecent, recentNode, runInPlace } from './pinned-node.js'

const script = fileURLToPath(new URL('./under-recent-node.js', import.meta.url))
if (isNodeRecent()) {
  const { start } = await import('./under-recent-node.js')
  await start()
} else {
  runInPlace(recentNode(import.meta.url), script, process.argv.slice(2))
}
